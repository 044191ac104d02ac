import { VRouterError } from '../base/index.ts';

/** All has been said, and the program ends with this code. */
export class SilentEnd extends VRouterError {
  readonly exitCode: number;

  constructor(exitCode: number) {
    super('SILENT', `exit code ${exitCode}`);
    this.exitCode = exitCode;
  }
}

/** A failure whose message is all there is to print: on stderr, with exit code 1. */
export class CommandError extends VRouterError {
  constructor(message: string, options?: ErrorOptions) {
    super('COMMAND', message, options);
  }
}

/** A word of the command line that can't be read as what it stands for. */
export class UnreadableArgument extends CommandError {}

/** The command line itself is wrong. */
export class UsageError extends VRouterError {
  constructor(message: string) {
    super('USAGE', message);
  }
}

/** A file that can't be opened, parsed or understood. */
export class FileError extends VRouterError {
  constructor(message: string, options?: ErrorOptions) {
    super('FILE', message, options);
  }
}

/** A field that its kind does not have; Calico says this of it whatever command it is. */
export class UnknownField extends VRouterError {
  constructor(field: string, where: string, meant: string | undefined) {
    const advice = meant === undefined ? '' : `; did you mean "${meant}"?`;
    super(
      'UNKNOWN_FIELD',
      `field in document is not recognized or is in the wrong location: ${field} ` +
        `(unknown field "${field}" in ${where}${advice})`,
    );
  }
}
