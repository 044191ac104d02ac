import { rtrLength } from './decode.ts';
import { RTR_HEADER } from './pdu.ts';

/** Cuts what a cache sends into messages. It keeps no more than one that isn't whole yet. */
export class RtrFramer {
  #rest = new Uint8Array(0);

  /** Messages that are whole now, views into what came. Throws `RtrError` at a length that can't be. */
  *push(chunk: Uint8Array): Generator<Uint8Array> {
    const bytes = this.#rest.length === 0 ? chunk : joined(this.#rest, chunk);
    let at = 0;
    while (bytes.length - at >= RTR_HEADER) {
      const length = rtrLength(bytes, at);
      if (bytes.length - at < length) break;
      yield bytes.subarray(at, at + length);
      at += length;
    }
    this.#rest = bytes.slice(at);
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(a.length + b.length);
  bytes.set(a);
  bytes.set(b, a.length);
  return bytes;
}
