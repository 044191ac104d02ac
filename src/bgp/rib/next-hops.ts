import { addressFromBytes, formatAddress, formatIpv4 } from '../../base/index.ts';
import { CountedNumbers } from './counted-numbers.ts';

/**
 * Next hops by number, from 1. A node knows few of them (one for each other node), so maps will do; the hot path asks
 * once for each UPDATE. 0 stands for "our own address on the session", which only the export knows. Numbers are counted:
 * whoever stores one retains it, whoever drops it releases it.
 */
export class NextHopTable {
  readonly #numbers = new CountedNumbers();
  readonly #bytes: Uint8Array[] = [NONE];
  readonly #texts: string[] = [''];
  /** Of IPv6 addresses, by their octets as text. */
  readonly #ids = new Map<string, number>();
  /** Of IPv4 addresses, which as numbers spare the hot path the text. */
  readonly #ids4 = new Map<number, number>();

  /** Next hops that are in use. */
  get size(): number {
    return this.#numbers.size;
  }

  /** The number of an IPv4 next hop, retained once for the caller. */
  intern4(value: number): number {
    let id = this.#ids4.get(value);
    if (id === undefined) {
      id = this.#add(Uint8Array.of(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255));
      this.#ids4.set(value, id);
    }
    return this.#numbers.retain(id);
  }

  /** 4 octets, or 16, or 32: a global address followed by a link-local one (RFC 2545 §3). Retained once for the caller. */
  intern(bytes: Uint8Array, length = bytes.length): number {
    if (length === 4) return this.intern4(u32(bytes));
    const key = keyOf(bytes, length);
    let id = this.#ids.get(key);
    if (id === undefined) {
      id = this.#add(bytes.slice(0, length));
      this.#ids.set(key, id);
    }
    return this.#numbers.retain(id);
  }

  retain(id: number): number {
    return this.#numbers.retain(id);
  }

  release(id: number): void {
    if (!this.#numbers.release(id)) return;
    const bytes = this.#bytes[id];
    if (bytes.length === 4) this.#ids4.delete(u32(bytes));
    else this.#ids.delete(keyOf(bytes, bytes.length));
    this.#bytes[id] = NONE;
    this.#texts[id] = '';
    this.#numbers.give(id);
  }

  bytes(id: number): Uint8Array {
    return this.#bytes[id];
  }

  /** The address that packets are sent to, as text: the global one if there are two. */
  text(id: number): string {
    return this.#texts[id];
  }

  #add(bytes: Uint8Array): number {
    const id = this.#numbers.take();
    this.#bytes[id] = bytes;
    this.#texts[id] = textOf(bytes);
    return id;
  }
}

const NONE = new Uint8Array(0);

function keyOf(bytes: Uint8Array, length: number): string {
  return String.fromCharCode(...bytes.subarray(0, length));
}

function u32(bytes: Uint8Array): number {
  return ((bytes[0] << 24) | (bytes[1] << 16) | (bytes[2] << 8) | bytes[3]) >>> 0;
}

function textOf(bytes: Uint8Array): string {
  if (bytes.length === 4) return formatIpv4(u32(bytes));
  const global = bytes.subarray(0, 16);
  const unspecified = global.every((byte) => byte === 0);
  return formatAddress(addressFromBytes(unspecified && bytes.length === 32 ? bytes.subarray(16) : global));
}
