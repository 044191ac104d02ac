import type { Capability } from './capability.ts';

/** The optional parameters of an OPEN, as octets, and what they say. */
interface Known {
  readonly octets: Uint8Array;
  readonly capabilities: readonly Capability[];
}

/** How many different ones are kept. */
const KEPT = 16;
/** Longer ones are not: strangers must not make us keep much. */
const MAX_OCTETS = 256;

/**
 * Optional parameters that were read lately. Peers of one network mostly send the same octets: those need to be read
 * once only, and whoever compares lists of capabilities can tell equal ones by identity.
 */
export class LikeParameters {
  readonly #known: Known[] = [];
  #oldest = 0;

  find(bytes: Uint8Array, start: number, end: number): readonly Capability[] | undefined {
    return this.#known.find(({ octets }) => equal(octets, bytes, start, end))?.capabilities;
  }

  add(bytes: Uint8Array, start: number, end: number, capabilities: readonly Capability[]): void {
    if (end - start > MAX_OCTETS) return;
    this.#known[this.#oldest] = { octets: bytes.slice(start, end), capabilities };
    this.#oldest = (this.#oldest + 1) % KEPT;
  }
}

function equal(octets: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (octets.length !== end - start) return false;
  for (let at = 0; at < octets.length; at++) if (octets[at] !== bytes[start + at]) return false;
  return true;
}
