import { containsAddress, type Prefix, tryParseAddress } from '../../base/index.ts';
import { canonicalAddress } from './canonical-address.ts';
import type { Admission } from './transport.ts';

/** One text for each address or range that may be let in, however it is spelt. */
export function admissionKey(from: Admission['from']): string {
  return typeof from === 'string' ? canonicalAddress(from) : `${from.family} ${from.value}/${from.length}`;
}

/** The peers that may connect, by address first, then by the longest range. */
export class Admissions {
  readonly #addresses = new Map<string, Admission>();
  /** The longest first. */
  readonly #ranges: { readonly prefix: Prefix; readonly key: string; readonly admission: Admission }[] = [];

  set(admission: Admission): void {
    const { from } = admission;
    const key = admissionKey(from);
    if (typeof from === 'string') {
      this.#addresses.set(key, admission);
      return;
    }
    this.delete(from);
    const shorter = this.#ranges.findIndex(({ prefix }) => prefix.length < from.length);
    this.#ranges.splice(shorter < 0 ? this.#ranges.length : shorter, 0, { prefix: from, key, admission });
  }

  delete(from: Admission['from']): void {
    const key = admissionKey(from);
    if (typeof from === 'string') {
      this.#addresses.delete(key);
      return;
    }
    const at = this.#ranges.findIndex((range) => range.key === key);
    if (at >= 0) this.#ranges.splice(at, 1);
  }

  /** All that are let in whom `others` leave out. */
  without(others: readonly Admission[]): readonly Admission['from'][] {
    const named = new Set(others.map(({ from }) => admissionKey(from)));
    const all = [...this.#addresses.values(), ...this.#ranges.map(({ admission }) => admission)];
    return all.flatMap(({ from }) => (named.has(admissionKey(from)) ? [] : [from]));
  }

  /** The admission that lets `address` (canonical text) in, if one does. */
  find(address: string): Admission | undefined {
    const exact = this.#addresses.get(address);
    if (exact !== undefined || this.#ranges.length === 0) return exact;
    const value = tryParseAddress(address.split('%')[0]!);
    return value && this.#ranges.find(({ prefix }) => containsAddress(prefix, value))?.admission;
  }
}
