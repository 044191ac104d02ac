import { addressBits, type Family, type Prefix } from '../../base/index.ts';
import type { OriginValidity } from '../api.ts';
import type { ValidatedPayload } from './pdu.ts';

/** Payloads of one network, each as one number: AS × 256 + maxLength. */
type Authorisations = number | number[];

/**
 * Validated ROA payloads, found by what covers a prefix. For each length one hash table of networks, so that a route
 * costs as many look-ups as there are lengths up to its own; IPv4's keys are plain numbers.
 */
export class ValidatedPrefixes {
  readonly #tables = { 4: new Map<number, Map<number | bigint, Authorisations>>(), 6: new Map() } as {
    readonly [F in Family]: Map<number, Map<number | bigint, Authorisations>>;
  };
  readonly #sizes = { 4: 0, 6: 0 };

  get size(): number {
    return this.#sizes[4] + this.#sizes[6];
  }

  sizeOf(family: Family): number {
    return this.#sizes[family];
  }

  has({ prefix, maxLength, asn }: ValidatedPayload): boolean {
    return numbers(this.#tables[prefix.family].get(prefix.length)?.get(keyOf(prefix))).includes(packed(asn, maxLength));
  }

  /** False when it was there already. */
  add(payload: ValidatedPayload): boolean {
    if (this.has(payload)) return false;
    const { prefix, maxLength, asn } = payload;
    const byLength = this.#tables[prefix.family];
    let table = byLength.get(prefix.length);
    if (table === undefined) byLength.set(prefix.length, (table = new Map()));
    const key = keyOf(prefix);
    const old = table.get(key);
    const value = packed(asn, maxLength);
    table.set(key, old === undefined ? value : [...numbers(old), value]);
    this.#sizes[prefix.family]++;
    return true;
  }

  /** False when it wasn't there. */
  delete(payload: ValidatedPayload): boolean {
    if (!this.has(payload)) return false;
    const { prefix, maxLength, asn } = payload;
    const byLength = this.#tables[prefix.family];
    const table = byLength.get(prefix.length)!;
    const key = keyOf(prefix);
    const value = packed(asn, maxLength);
    const left = numbers(table.get(key)).filter((other) => other !== value);
    if (left.length > 0) table.set(key, left.length === 1 ? left[0] : left);
    else table.delete(key);
    if (table.size === 0) byLength.delete(prefix.length);
    this.#sizes[prefix.family]--;
    return true;
  }

  /** `origin`: the AS that the route is from; undefined where its path ends in an AS_SET, which matches nothing. */
  validate({ family, value, length }: Prefix, origin: number | undefined): OriginValidity {
    const bits = addressBits(family);
    let covered = false;
    for (const [at, table] of this.#tables[family]) {
      if (at > length) continue;
      const hostBits = BigInt(bits - at);
      const network = (value >> hostBits) << hostBits;
      for (const authorisation of numbers(table.get(family === 4 ? Number(network) : network))) {
        covered = true;
        const asn = Math.floor(authorisation / 256);
        if (asn === origin && asn !== 0 && length <= authorisation % 256) return 'valid';
      }
    }
    return covered ? 'invalid' : 'not-found';
  }
}

function keyOf({ family, value }: Prefix): number | bigint {
  return family === 4 ? Number(value) : value;
}

function packed(asn: number, maxLength: number): number {
  return asn * 256 + maxLength;
}

const NONE: readonly number[] = [];

function numbers(authorisations: Authorisations | undefined): readonly number[] {
  if (authorisations === undefined) return NONE;
  return typeof authorisations === 'number' ? [authorisations] : authorisations;
}
