/**
 * YAML as Go's printer writes it: keys sorted, list items at the indent of their key, text plain where it can be,
 * double quotes where plain text would be read as another type (`"1799"`), single quotes where it would not parse
 * (`'!all()'`), and timestamps plain. The yaml package quotes and indents otherwise, and this text is compared by byte.
 */
export function toYaml(value: unknown): string {
  return block(clean(value), '', false);
}

type Scalar = null | boolean | number | bigint | string;
type Plain = Scalar | readonly Plain[] | { readonly [key: string]: Plain };

/** Without fields that are undefined. */
function clean(value: unknown): Plain {
  if (Array.isArray(value)) return value.map(clean);
  if (value === null || value === undefined || typeof value !== 'object') return (value ?? null) as Scalar;
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  return Object.fromEntries(fields.map(([key, field]) => [key, clean(field)]));
}

/** `inItem`: the text follows `- ` on the same line. */
function block(value: Plain, indent: string, inItem: boolean): string {
  if (Array.isArray(value)) return sequence(value, indent, inItem);
  if (value !== null && typeof value === 'object') return mapping(value as Record<string, Plain>, indent, inItem);
  return `${scalar(value as Scalar, indent)}\n`;
}

function mapping(value: Readonly<Record<string, Plain>>, indent: string, inItem: boolean): string {
  const keys = Object.keys(value).sort(byNaturalOrder);
  if (keys.length === 0) return '{}\n';
  return keys
    .map((key, index) => {
      const margin = inItem && index === 0 ? '' : indent;
      const name = text(key, indent);
      const child = value[key];
      if (Array.isArray(child) && child.length > 0) return `${margin}${name}:\n${sequence(child, indent, false)}`;
      if (isFilledMapping(child)) return `${margin}${name}:\n${mapping(child, `${indent}  `, false)}`;
      return `${margin}${name}: ${block(child, `${indent}  `, false)}`;
    })
    .join('');
}

function sequence(value: readonly Plain[], indent: string, inItem: boolean): string {
  if (value.length === 0) return '[]\n';
  return value
    .map((item, index) => `${inItem && index === 0 ? '' : indent}- ${block(item, `${indent}  `, true)}`)
    .join('');
}

function isFilledMapping(value: Plain): value is { readonly [key: string]: Plain } {
  return value !== null && typeof value === 'object' && !Array.isArray(value) && Object.keys(value).length > 0;
}

function scalar(value: Scalar, indent: string): string {
  return typeof value === 'string' ? text(value, indent) : String(value);
}

const OTHER_TYPE = [
  /^$|^~$|^null$|^Null$|^NULL$|^<<$|^=$/,
  /^(?:[yYnN]|yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF|true|True|TRUE|false|False|FALSE)$/,
  /^[-+]?(?:0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|[0-9][0-9_]*)$/,
  /^[-+]?(?:[0-9][0-9_]*)?(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?$/,
  /^[-+]?\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$/,
  // Numbers of base 60, which YAML 1.1 readers know.
  /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/,
];
/** The beginnings of anything but plain text. */
const INDICATOR = /^(?:[#,[\]{}&*!|>'"%@`]|[-?:](?:\s|$)|---|\.\.\.)/;
const PRINTABLE = /^[\t\x20-\x7e\u00a0-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]*$/u;

function text(value: string, indent: string): string {
  if (OTHER_TYPE.some((pattern) => pattern.test(value))) return JSON.stringify(value);
  if (value.includes('\n')) return literal(value, indent);
  if (!PRINTABLE.test(value)) return JSON.stringify(value);
  if (INDICATOR.test(value) || /^\s|\s$|:(?:\s|$)|\s#|\t/.test(value)) return `'${value.replaceAll("'", "''")}'`;
  return value;
}

/** Text of several lines; JSON's quoting, which is YAML too, where the lines can't stand as they are. */
function literal(value: string, indent: string): string {
  const lines = value.split('\n');
  const plain = lines.every((line) => PRINTABLE.test(line) && !line.includes('\t')) && !/^[\s]/.test(value);
  if (!plain || indent === '') return JSON.stringify(value);
  const trailing = /\n*$/.exec(value)?.[0].length ?? 0;
  const chomp = trailing === 0 ? '-' : trailing === 1 ? '' : '+';
  const body = value.slice(0, value.length - Math.min(trailing, 1)).split('\n');
  return `|${chomp}\n${body.map((line) => (line === '' ? '' : indent + line)).join('\n')}`;
}

/** Go's order of keys: digits by number, letters after other characters. */
function byNaturalOrder(a: string, b: string): number {
  const left = [...a];
  const right = [...b];
  for (let at = 0; at < left.length && at < right.length; at++) {
    if (left[at] === right[at]) continue;
    const leftLetter = /\p{L}/u.test(left[at]);
    const rightLetter = /\p{L}/u.test(right[at]);
    if (leftLetter !== rightLetter) return leftLetter ? 1 : -1;
    const leftNumber = Number.parseInt(a.slice(at), 10);
    const rightNumber = Number.parseInt(b.slice(at), 10);
    if (leftNumber !== rightNumber && !Number.isNaN(leftNumber) && !Number.isNaN(rightNumber)) {
      return leftNumber - rightNumber;
    }
    return left[at] < right[at] ? -1 : 1;
  }
  return left.length - right.length;
}
