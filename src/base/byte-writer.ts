const utf8 = new TextEncoder();

/**
 * Bytes written one field after another into a buffer that grows. Network byte order by default; `little` for
 * netlink on machines of that order. `fork` and `join` put a length in front of what is written between them. A value that
 * does not fit its field throws RangeError, and nothing is written: an octet that wrapped would be another value to the peer.
 */
export class ByteWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #at = 0;
  readonly #little: boolean;

  constructor(capacity = 256, little = false) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
    this.#little = little;
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#at;
  }

  u8(value: number): this {
    if ((value & 0xff) !== value) outOfRange(value, 'u8');
    const at = this.#reserve(1);
    this.#view.setUint8(at, value);
    return this;
  }

  u16(value: number): this {
    if ((value & 0xffff) !== value) outOfRange(value, 'u16');
    const at = this.#reserve(2);
    this.#view.setUint16(at, value, this.#little);
    return this;
  }

  u32(value: number): this {
    if (value >>> 0 !== value) outOfRange(value, 'u32');
    const at = this.#reserve(4);
    this.#view.setUint32(at, value, this.#little);
    return this;
  }

  i32(value: number): this {
    if ((value | 0) !== value) outOfRange(value, 'i32');
    const at = this.#reserve(4);
    this.#view.setInt32(at, value, this.#little);
    return this;
  }

  u64(value: bigint): this {
    if (BigInt.asUintN(64, value) !== value) outOfRange(value, 'u64');
    const at = this.#reserve(8);
    this.#view.setBigUint64(at, value, this.#little);
    return this;
  }

  raw(bytes: ArrayLike<number>): this {
    const at = this.#reserve(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }

  /** Text in UTF-8. Names of things are short and plain: they are written without asking the encoder. */
  text(value: string): this {
    const at = this.#reserve(value.length);
    for (let index = 0; index < value.length; index++) {
      const code = value.charCodeAt(index);
      if (code > 127) {
        this.#at = at;
        return this.raw(utf8.encode(value));
      }
      this.#bytes[at + index] = code;
    }
    return this;
  }

  zeros(count: number): this {
    const end = this.#reserve(count) + count;
    for (let at = end - count; at < end; at++) this.#bytes[at] = 0;
    return this;
  }

  /** Leaves room for a length of `width` octets and returns its mark. */
  fork(width: 1 | 2 | 4): number {
    return this.#reserve(width);
  }

  /** Fills in the length marked by `fork`: the bytes written since, plus `extra`. */
  join(mark: number, width: 1 | 2 | 4, extra = 0): this {
    const length = this.#at - mark - width + extra;
    if (length < 0 || length >= 256 ** width) outOfRange(length, `a length of ${width} octets`);
    if (width === 1) this.#view.setUint8(mark, length);
    else if (width === 2) this.#view.setUint16(mark, length, this.#little);
    else this.#view.setUint32(mark, length, this.#little);
    return this;
  }

  setU16(at: number, value: number): this {
    if ((value & 0xffff) !== value) outOfRange(value, 'u16');
    this.#view.setUint16(at, value, this.#little);
    return this;
  }

  setU32(at: number, value: number): this {
    if (value >>> 0 !== value) outOfRange(value, 'u32');
    this.#view.setUint32(at, value, this.#little);
    return this;
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#at);
  }

  /** A view of what was written, valid until the next write or `reset`. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  reset(): this {
    this.#at = 0;
    return this;
  }

  #reserve(length: number): number {
    const at = this.#at;
    const needed = at + length;
    if (needed > this.#bytes.length) {
      const bytes = new Uint8Array(Math.max(this.#bytes.length * 2, needed));
      bytes.set(this.#bytes);
      this.#bytes = bytes;
      this.#view = new DataView(bytes.buffer);
    }
    this.#at = needed;
    return at;
  }
}

function outOfRange(value: number | bigint, field: string): never {
  throw new RangeError(`${value} does not fit ${field}`);
}
