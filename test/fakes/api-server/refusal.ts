/** What the API server answers when it refuses. */
export class Refusal extends Error {
  readonly code: number;
  readonly reason: string;
  /** More about it, in the form of a Status' `details`. */
  readonly details: object | undefined;

  constructor(code: number, reason: string, message: string, details?: object) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.details = details;
  }

  get body(): object {
    const { code, reason, message, details } = this;
    return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, details, code };
  }
}

/** There is nothing at this path, such as the objects of a kind that nobody has defined: a plain page says so, and no Status. */
export class UnknownPath extends Error {}

/** A field that is not as it must be. */
export function invalid(field: string, said: string): Refusal {
  const message = `Invalid value: ${said}`;
  const details = { causes: [{ reason: 'FieldValueInvalid', field, message }] };
  return new Refusal(422, 'Invalid', `${field}: ${message}`, details);
}
