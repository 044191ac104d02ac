import { containsAddress, type Prefix, tryParseAddress } from '../../base/index.ts';
import { canonicalAddress } from './canonical-address.ts';
import type { Admission } from './transport.ts';

/** Who may connect, by address first, then by the longest range. */
export class Admissions {
  readonly #addresses = new Map<string, Admission>();
  readonly #ranges: { readonly prefix: Prefix; readonly admission: Admission }[] = [];

  constructor(admissions: readonly Admission[]) {
    for (const admission of admissions) {
      if (typeof admission.from === 'string') this.#addresses.set(canonicalAddress(admission.from), admission);
      else this.#ranges.push({ prefix: admission.from, admission });
    }
    this.#ranges.sort((a, b) => b.prefix.length - a.prefix.length);
  }

  /** The admission that lets `address` (canonical text) in, if one does. */
  find(address: string): Admission | undefined {
    const exact = this.#addresses.get(address);
    if (exact !== undefined || this.#ranges.length === 0) return exact;
    const value = tryParseAddress(address.split('%')[0]!);
    return value && this.#ranges.find(({ prefix }) => containsAddress(prefix, value))?.admission;
  }
}
