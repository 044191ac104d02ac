import { powerOfTwoAtLeast } from '../../base/index.ts';
import { HEADER_LENGTH, MAX_MESSAGE, MESSAGE, type MessageType } from './message.ts';
import { ERROR, HEADER_ERROR, type Notification, notification } from './notification.ts';

/** Smallest length of each type; ROUTE-REFRESH has its own error for a wrong length (RFC 7313 §5), so any will do here. */
const MIN_LENGTH: Readonly<Record<number, number>> = {
  [MESSAGE.OPEN]: 29,
  [MESSAGE.UPDATE]: 23,
  [MESSAGE.NOTIFICATION]: 21,
  [MESSAGE.KEEPALIVE]: HEADER_LENGTH,
  [MESSAGE.ROUTE_REFRESH]: HEADER_LENGTH,
};

const NOTHING: Uint8Array = new Uint8Array(0);

export type Framing = 'incomplete' | 'message' | 'malformed';

/**
 * Cuts a stream of chunks into messages, without copying: a message that lies whole in a chunk is read where it is,
 * and only one that straddles chunks is put together, in a buffer that never exceeds the maximum length, because the
 * header is judged before the body is gathered.
 *
 *     framer.push(chunk);
 *     while (framer.next() === 'message') handle(framer.type, framer.bytes, framer.start, framer.end);
 *     if (framer.error) send(encodeNotification(framer.error));
 *
 * The bytes of a message are valid until the following `next` or `push`.
 */
export class Framer {
  /** Longest message to accept; the session raises it once both sides have announced RFC 8654. */
  maxLength: number;
  type: MessageType = MESSAGE.KEEPALIVE;
  bytes = NOTHING;
  /** The message, header included, is `bytes[start … end)`. */
  start = 0;
  end = 0;
  /** Set by 'malformed': what to answer. Nothing can be read after it. */
  error: Notification | undefined;
  #chunk = NOTHING;
  #at = 0;
  #tail = NOTHING;
  #tailLength = 0;

  constructor(maxLength = MAX_MESSAGE) {
    this.maxLength = maxLength;
  }

  /** Bytes received that are not part of a delivered message. */
  get buffered(): number {
    return this.#tailLength + this.#chunk.length - this.#at;
  }

  /** Adds what the connection delivered. The chunk belongs to the framer until it has been read to its end. */
  push(chunk: Uint8Array): void {
    const left = this.#chunk.length - this.#at;
    if (left === 0) this.#chunk = chunk;
    else {
      // Only a reader that stopped half way comes here.
      const joined = new Uint8Array(left + chunk.length);
      joined.set(this.#chunk.subarray(this.#at));
      joined.set(chunk, left);
      this.#chunk = joined;
    }
    this.#at = 0;
  }

  /** Finds the next message and describes it in the fields. */
  next(): Framing {
    if (this.error !== undefined) return 'malformed';
    if (this.#tailLength > 0) return this.#complete();
    const left = this.#chunk.length - this.#at;
    if (left < HEADER_LENGTH) return this.#keep();
    const length = this.#check(this.#chunk, this.#at);
    if (length === 0) return 'malformed';
    if (length > left) return this.#keep();
    return this.#deliver(this.#chunk, this.#at, (this.#at += length));
  }

  /** Goes on with a message whose beginning came in an earlier chunk. */
  #complete(): Framing {
    if (!this.#gather(HEADER_LENGTH)) return 'incomplete';
    const length = this.#check(this.#tail, 0);
    if (length === 0) return 'malformed';
    if (!this.#gather(length)) return 'incomplete';
    this.#tailLength = 0;
    return this.#deliver(this.#tail, 0, length);
  }

  #gather(length: number): boolean {
    const wanted = length - this.#tailLength;
    const taken = Math.min(wanted, this.#chunk.length - this.#at);
    if (taken > 0) {
      this.#reserve(length);
      this.#tail.set(this.#chunk.subarray(this.#at, this.#at + taken), this.#tailLength);
      this.#tailLength += taken;
      this.#at += taken;
    }
    return taken >= wanted;
  }

  #keep(): Framing {
    const left = this.#chunk.length - this.#at;
    if (left > 0) this.#gather(left);
    return 'incomplete';
  }

  #reserve(length: number): void {
    if (length <= this.#tail.length) return;
    const tail = new Uint8Array(powerOfTwoAtLeast(Math.max(length, 256)));
    tail.set(this.#tail.subarray(0, this.#tailLength));
    this.#tail = tail;
  }

  #deliver(bytes: Uint8Array, start: number, end: number): Framing {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.type = bytes[start + 18] as MessageType;
    return 'message';
  }

  /** The length that a good header names, or 0 with `error` set (RFC 4271 §6.1). */
  #check(bytes: Uint8Array, at: number): number {
    for (let octet = at; octet < at + 16; octet++) {
      if (bytes[octet] !== 0xff) return this.#refuse(HEADER_ERROR.NOT_SYNCHRONIZED, []);
    }
    const type = bytes[at + 18];
    const min = MIN_LENGTH[type];
    if (min === undefined) return this.#refuse(HEADER_ERROR.BAD_TYPE, [type]);
    const length = (bytes[at + 16] << 8) | bytes[at + 17];
    const max = type === MESSAGE.OPEN || type === MESSAGE.KEEPALIVE ? MAX_MESSAGE : this.maxLength;
    const wrong = length < min || length > max || (type === MESSAGE.KEEPALIVE && length !== HEADER_LENGTH);
    return wrong ? this.#refuse(HEADER_ERROR.BAD_LENGTH, [bytes[at + 16], bytes[at + 17]]) : length;
  }

  #refuse(subcode: number, data: readonly number[]): 0 {
    this.error = notification(ERROR.MESSAGE_HEADER, subcode, data);
    return 0;
  }
}
