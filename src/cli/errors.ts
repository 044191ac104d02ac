import { VRouterError } from '../base/index.ts';

/** A failure whose message is all there is to print: on stderr, with exit code 1. */
export class CommandError extends VRouterError {
  constructor(message: string, options?: ErrorOptions) {
    super('COMMAND', message, options);
  }
}

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
