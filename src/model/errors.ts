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
    super('UNKNOWN_KIND', `resource type '${shown(text)}' is not supported`);
  }
}

/** The message of several wrong fields, in Calico's words. */
export function describe(fields: readonly FieldError[]): string {
  if (fields.length === 1) return `error with field ${describeField(fields[0])}`;
  const lines = fields.slice(0, mostFields).map((field) => `-  ${describeField(field)}\n`);
  const more = fields.length > mostFields ? `-  and ${fields.length - mostFields} more\n` : '';
  return `error with the following fields:\n${lines.join('')}${more}`;
}

/** A value longer than this is cut: the message is for people. */
const longestValue = 200;
/** So is a list of mistakes. */
const mostFields = 50;

function describeField({ name, value, reason }: FieldError): string {
  const why = shown(reason, 2 * longestValue);
  if (value === undefined) return `${shown(name)} (${why})`;
  const text = typeof value === 'object' ? formatJson(value) : String(value);
  return `${shown(name)} = '${shown(text)}' (${why})`;
}

/** A text from outside as a message shows it. */
export function shown(text: string, longest: number = longestValue): string {
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}
