import { addressFromBytes, type Counted, formatAddress, formatIpv4, Interned } from '../../../base/index.ts';

interface NextHop {
  readonly bytes: Uint8Array;
  readonly text: string;
  /** Good on one link alone. */
  readonly isLinkLocal: boolean;
}

const NONE: NextHop = { bytes: new Uint8Array(0), text: '', isLinkLocal: false };

/**
 * Next hops by number, from 1, counted by whoever stores them. 0 stands for "our own address on the session", which only
 * the export knows. A node knows few of them (one for each other node), and the hot path asks once for each UPDATE.
 */
export class NextHopTable implements Counted {
  /** IPv4 addresses by their value, which spares the hot path a text; others by their octets as text. */
  readonly #nextHops = new Interned<number | string, NextHop>(NONE);

  /** Next hops that are in use. */
  get size(): number {
    return this.#nextHops.size;
  }

  /** The number of an IPv4 next hop, retained once for the caller. */
  intern4(value: number): number {
    const number = this.#nextHops.find(value) || this.#nextHops.add(value, ipv4NextHop(value));
    return this.#nextHops.retain(number);
  }

  /**
   * 4 octets, or 16, or 32: a global address followed by a link-local one (RFC 2545 §3). `zone`: the interface, where the
   * session is one between link-local addresses; there the link-local one counts. Retained once for the caller.
   */
  intern(bytes: Uint8Array, length = bytes.length, zone = ''): number {
    if (length === 4) return this.intern4(u32(bytes));
    const octets = String.fromCharCode(...bytes.subarray(0, length));
    const key = zone === '' ? octets : `${octets}%${zone}`;
    const number = this.#nextHops.find(key) || this.#nextHops.add(key, ipv6NextHop(bytes.slice(0, length), zone));
    return this.#nextHops.retain(number);
  }

  retain(number: number): number {
    return this.#nextHops.retain(number);
  }

  release(number: number): void {
    this.#nextHops.release(number);
  }

  /** The octets as they go into NEXT_HOP or MP_REACH_NLRI. */
  bytes(number: number): Uint8Array {
    return this.#nextHops.values[number].bytes;
  }

  /** The address that packets are sent to, as text: the global one if there are two. A link-local one has its zone. */
  text(number: number): string {
    return this.#nextHops.values[number].text;
  }

  /** Whether it means nothing beyond the link that it was learned on. */
  isLinkLocal(number: number): boolean {
    return this.#nextHops.values[number].isLinkLocal;
  }
}

function ipv4NextHop(value: number): NextHop {
  const bytes = Uint8Array.of(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
  return { bytes, text: formatIpv4(value), isLinkLocal: false };
}

function ipv6NextHop(bytes: Uint8Array, zone: string): NextHop {
  const global = bytes.subarray(0, 16);
  const unspecified = global.every((byte) => byte === 0);
  const used = (unspecified || zone !== '') && bytes.length === 32 ? bytes.subarray(16) : global;
  const isLinkLocal = used[0] === 0xfe && (used[1] & 0xc0) === 0x80;
  const text = formatAddress(addressFromBytes(used));
  return { bytes, text: isLinkLocal && zone !== '' ? `${text}%${zone}` : text, isLinkLocal };
}

function u32(bytes: Uint8Array): number {
  return ((bytes[0] << 24) | (bytes[1] << 16) | (bytes[2] << 8) | bytes[3]) >>> 0;
}
