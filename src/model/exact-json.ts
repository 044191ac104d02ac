/**
 * JSON whose integers survive. Calico's block sequence numbers start at the time in nanoseconds, beyond what a
 * JavaScript number holds exactly, so such integers become `bigint` when read and are written back as plain digits.
 *
 * A block is parsed and printed at each assignment of an address, and a reviver or replacer makes JSON five times
 * slower; so long integers are found by a pattern, and handed through the parser as marked strings.
 */
export function parseJson(text: string): unknown {
  if (!mayBeLong.test(text)) return JSON.parse(text);
  if (!text.includes(escapedMark)) {
    try {
      return unmarked(JSON.parse(text.replace(longInteger, `$1"${escapedMark}$2"`)));
    } catch (error) {
      // Either the text is no JSON, or digits within a string looked like an integer: quotes there break it.
      if (!(error instanceof SyntaxError)) throw error;
    }
  }
  return JSON.parse(text, exactInteger as (key: string, value: unknown) => unknown);
}

/** The JSON text of a value; undefined members are left out, a `bigint` becomes its digits. */
export function formatJson(value: unknown, indent?: number): string {
  return JSON.stringify(printable(value), undefined, indent);
}

/** Looks only where a number can begin, which takes half the time: objects are read by the ten thousand. */
const mayBeLong = /[:[,]\s*-?[0-9]{16}/;
const longInteger = /([:[,]\s*)(-?[0-9]{16,})(?=\s*[,}\]])/g;
const escapedMark = '\\u0000int:';
const mark = '\0int:';

/** Puts integers in the place of marked strings, in a tree that is ours alone. */
function unmarked(value: unknown): unknown {
  if (typeof value === 'string') return value.startsWith(mark) ? exact(value.slice(mark.length)) : value;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length; at++) {
      const item: unknown = value[at];
      if (typeof item === 'object' || typeof item === 'string') value[at] = unmarked(item);
    }
    return value;
  }
  const members = value as Record<string, unknown>;
  for (const name of Object.keys(members)) {
    const member = members[name];
    if (typeof member === 'object' || typeof member === 'string') members[name] = unmarked(member);
  }
  return value;
}

function exactInteger(_key: string, value: unknown, context: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  const { source } = context;
  return source !== undefined && /^-?[0-9]+$/.test(source) ? BigInt(source) : value;
}

function exact(digits: string): number | bigint {
  const number = Number(digits);
  return Number.isSafeInteger(number) ? number : BigInt(digits);
}

/** The same value if it has no `bigint` in it; otherwise a copy of those parts that have. */
function printable(value: unknown): unknown {
  if (typeof value === 'bigint') return rawNumber(value);
  if (typeof value !== 'object' || value === null) return value;
  let copy: Record<string, unknown> | undefined;
  const members = value as Record<string, unknown>;
  for (const name of Object.keys(members)) {
    const member = members[name];
    if (typeof member !== 'object' && typeof member !== 'bigint') continue;
    const printed = printable(member);
    if (printed === member) continue;
    copy ??= (Array.isArray(value) ? [...value] : { ...value }) as unknown as Record<string, unknown>;
    copy[name] = printed;
  }
  return copy ?? value;
}

function rawNumber(value: bigint): unknown {
  return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(String(value));
}
