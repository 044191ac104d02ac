import { VRouterError } from '../base/index.ts';
import { formatJson } from './exact-json.ts';

/** One field that is wrong. `name` is as Calico prints it (`CIDR`, `BGP.IPv4Address`). */
export interface FieldError {
  readonly name: string;
  readonly value: unknown;
  readonly reason: string;
}

/** A resource that breaks a rule; lists every wrong field, in Calico's words. */
export class ValidationError extends VRouterError {
  readonly fields: readonly FieldError[];

  constructor(fields: readonly FieldError[]) {
    super('VALIDATION', describe(fields));
    this.fields = fields;
  }
}

/** A kind that nobody knows. */
export class UnknownKind extends VRouterError {
  constructor(text: string) {
    super('UNKNOWN_KIND', `resource type '${text}' is not supported`);
  }
}

function describe(fields: readonly FieldError[]): string {
  if (fields.length === 1) return `error with field ${describeField(fields[0])}`;
  return `error with the following fields:\n${fields.map((field) => `-  ${describeField(field)}\n`).join('')}`;
}

/** A value longer than this is cut: the message is for people. */
const longestValue = 200;

function describeField({ name, value, reason }: FieldError): string {
  if (value === undefined) return `${name} (${reason})`;
  const text = typeof value === 'object' ? formatJson(value) : String(value);
  const shown = text.length > longestValue ? `${text.slice(0, longestValue)}…` : text;
  return `${name} = '${shown}' (${reason})`;
}
