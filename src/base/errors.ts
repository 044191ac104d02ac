/**
 * The root of every error that vRouter itself raises. `code` is stable and is what callers and scripts
 * match on; `message` says what happened and, where there is one, what to do next.
 */
export class VRouterError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** Text from outside that can't be read as the value it should be. `field` names the place, `value` what stood there. */
export class ParseError extends VRouterError {
  readonly field: string;
  readonly value: string;

  constructor(field: string, value: string, allowed: string) {
    super('PARSE', `${field}: '${value}' is not valid: ${allowed}`);
    this.field = field;
    this.value = value;
  }
}

/** For a branch that types say can't be reached; reaching it is a bug, so it throws `VRouterError`. */
export function unreachable(value: never): never {
  throw new VRouterError('BUG', `unreachable value ${JSON.stringify(value)}`);
}

/** The text of anything thrown, for a log line or a status. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
