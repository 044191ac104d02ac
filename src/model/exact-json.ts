/**
 * JSON whose integers survive. Calico's block sequence numbers start at the time in nanoseconds, beyond what a
 * JavaScript number holds exactly, so such integers become `bigint` when read and are written back as plain digits.
 */
export function parseJson(text: string): unknown {
  // A reviver makes parsing several times slower: most texts have no such number and never pay for it.
  if (!/[0-9]{16}/.test(text)) return JSON.parse(text);
  return JSON.parse(text, exactInteger as (key: string, value: unknown) => unknown);
}

/** The JSON text of a value; undefined members are left out, a `bigint` becomes its digits. */
export function formatJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, (_key, member) => (typeof member === 'bigint' ? rawNumber(member) : member), indent);
}

function exactInteger(_key: string, value: unknown, context: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  const { source } = context;
  return source !== undefined && /^-?[0-9]+$/.test(source) ? BigInt(source) : value;
}

function rawNumber(value: bigint): unknown {
  return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(String(value));
}
