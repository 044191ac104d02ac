import type { MessageType } from './message.ts';

/**
 * A growing buffer of whole messages, indexed directly by those who fill it. What `view` gives goes to sockets; take
 * a fresh slab, not `reset`, while a socket may still hold it.
 */
export class Slab {
  bytes: Uint8Array;
  /** The same memory, for fields of several octets. */
  fields: DataView;
  /** Octets in use. */
  length = 0;

  constructor(capacity = 65536) {
    this.bytes = new Uint8Array(capacity);
    this.fields = new DataView(this.bytes.buffer);
  }

  /** Makes room for `octets` more and returns where they begin; they are not in use until `length` says so. */
  reserve(octets: number): number {
    const needed = this.length + octets;
    if (needed > this.bytes.length) {
      const bytes = new Uint8Array(Math.max(needed, this.bytes.length * 2));
      bytes.set(this.bytes.subarray(0, this.length));
      this.bytes = bytes;
      this.fields = new DataView(bytes.buffer);
    }
    return this.length;
  }

  /** Puts the header before the message that begins at `start` and ends where the slab does. */
  close(start: number, type: MessageType): void {
    const { fields } = this;
    for (let at = start; at < start + 16; at += 4) fields.setUint32(at, 0xffffffff);
    fields.setUint16(start + 16, this.length - start);
    fields.setUint8(start + 18, type);
  }

  /** The octets in use, not copied. */
  view(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  reset(): this {
    this.length = 0;
    return this;
  }
}
