/**
 * As much of protobuf's wire format as the CRI's messages need: integers, text, and messages. A message is a list of
 * `[field number, value]`; undefined values are left out.
 */
export type Field = readonly [number: number, value: number | boolean | string | readonly Field[] | undefined];

const VARINT = 0;
const LENGTH_DELIMITED = 2;

export function encode(fields: readonly Field[]): Buffer {
  return Buffer.concat(
    fields.map(([number, value]) => {
      if (value === undefined) return Buffer.alloc(0);
      if (typeof value === 'number' || typeof value === 'boolean') {
        return Buffer.from([...varint(number * 8 + VARINT), ...varint(Number(value))]);
      }
      const bytes = typeof value === 'string' ? Buffer.from(value) : encode(value);
      return Buffer.concat([Buffer.from([...varint(number * 8 + LENGTH_DELIMITED), ...varint(bytes.length)]), bytes]);
    }),
  );
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
}

/** A message that was read, field by field. */
export class Message {
  readonly #fields = new Map<number, (number | Buffer)[]>();

  constructor(bytes: Buffer) {
    let at = 0;
    const read = (): number => {
      let value = 0;
      for (let scale = 1; ; scale *= 128) {
        const byte = bytes[at++];
        value += (byte % 128) * scale;
        if (byte < 128) return value;
      }
    };
    while (at < bytes.length) {
      const tag = read();
      const number = tag >>> 3;
      const length = read();
      const value = tag % 8 === VARINT ? length : bytes.subarray(at, (at += length));
      this.#fields.set(number, [...(this.#fields.get(number) ?? []), value]);
    }
  }

  text(number: number): string {
    return String(this.#fields.get(number)?.[0] ?? '');
  }

  integer(number: number): number {
    return Number(this.#fields.get(number)?.[0] ?? 0);
  }

  message(number: number): Message {
    const value = this.#fields.get(number)?.[0];
    return new Message(Buffer.isBuffer(value) ? value : Buffer.alloc(0));
  }

  messages(number: number): Message[] {
    return (this.#fields.get(number) ?? []).map((value) => new Message(value as Buffer));
  }
}
