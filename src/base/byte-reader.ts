import { VRouterError } from './errors.ts';

/** Fewer bytes than a field needs. Decoders turn it into their protocol's own error. */
export class OutOfBytes extends VRouterError {
  constructor(wanted: number, left: number) {
    super('OUT_OF_BYTES', `needed ${wanted} more bytes, ${left} left`);
  }
}

/**
 * A bounds-checked cursor over bytes; every read moves it on, or throws `OutOfBytes`. Network byte order by
 * default; netlink's decoders pass `little` on machines of that order. Hot loops (NLRI) index bytes themselves.
 */
export class ByteReader {
  readonly bytes: Uint8Array;
  readonly end: number;
  readonly #little: boolean;
  #at: number;
  readonly #view: DataView;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length, little = false) {
    this.bytes = bytes;
    this.end = end;
    this.#at = start;
    this.#little = little;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Where the next read begins, as an index into `bytes`. */
  get at(): number {
    return this.#at;
  }

  get left(): number {
    return this.end - this.#at;
  }

  u8(): number {
    return this.bytes[this.#take(1)];
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), this.#little);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), this.#little);
  }

  i32(): number {
    return this.#view.getInt32(this.#take(4), this.#little);
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#take(8), this.#little);
  }

  /** A view of the next `length` bytes, not a copy. */
  take(length: number): Uint8Array {
    const from = this.#take(length);
    return this.bytes.subarray(from, from + length);
  }

  skip(length: number): void {
    this.#take(length);
  }

  /** A reader of just the next `length` bytes; this one moves past them. */
  fork(length: number): ByteReader {
    const from = this.#take(length);
    return new ByteReader(this.bytes, from, from + length, this.#little);
  }

  #take(length: number): number {
    const from = this.#at;
    if (length < 0 || from + length > this.end) throw new OutOfBytes(length, this.left);
    this.#at = from + length;
    return from;
  }
}
