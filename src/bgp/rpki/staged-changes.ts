import { formatPrefix } from '../../base/index.ts';
import { RtrError } from './decode.ts';
import { RTR_ERROR, type ValidatedPayload } from './pdu.ts';
import { ValidatedPrefixes } from './validated-prefixes.ts';

/**
 * The data of a cache between Cache Response and End of Data: from nothing, or on top of what we have. It is checked as
 * it comes and changes nothing before `apply`.
 */
export class StagedChanges {
  readonly #base: ValidatedPrefixes | undefined;
  readonly #limit: number;
  readonly #whole = new ValidatedPrefixes();
  /** By their text, of those that the base is told: announced or withdrawn. */
  readonly #changes = new Map<string, { readonly announce: boolean; readonly payload: ValidatedPayload }>();

  #growth = 0;

  /** `base`: what the answer to a Serial Query changes; undefined for that to a Reset Query. */
  constructor(base: ValidatedPrefixes | undefined, limit: number) {
    this.#base = base;
    this.#limit = limit;
  }

  /** Throws `RtrError` at what can't be so (RFC 8210 §5.6), and at more payloads than the limit. */
  take(announce: boolean, payload: ValidatedPayload): void {
    if (this.#base === undefined) {
      if (!announce) throw new RtrError(RTR_ERROR.UNKNOWN_WITHDRAWN, `${textOf(payload)} is not there`);
      if (!this.#whole.add(payload)) throw new RtrError(RTR_ERROR.DUPLICATE, `${textOf(payload)} is there already`);
      this.#bound(this.#whole.size);
      return;
    }
    const key = textOf(payload);
    const there = this.#changes.get(key)?.announce ?? this.#base.has(payload);
    if (announce && there) throw new RtrError(RTR_ERROR.DUPLICATE, `${key} is there already`);
    if (!announce && !there) throw new RtrError(RTR_ERROR.UNKNOWN_WITHDRAWN, `${key} is not there`);
    this.#changes.set(key, { announce, payload });
    this.#growth += announce ? 1 : -1;
    this.#bound(Math.max(this.#changes.size, this.#base.size + this.#growth));
  }

  /** The table as it is now, and whether it differs from the base. */
  apply(): { readonly table: ValidatedPrefixes; readonly changed: boolean } {
    if (this.#base === undefined) return { table: this.#whole, changed: true };
    let changed = false;
    const withdrawn = [...this.#changes.values()].filter(({ announce }) => !announce);
    for (const { payload } of withdrawn) changed = this.#base.delete(payload) || changed;
    for (const { announce, payload } of this.#changes.values()) {
      if (announce) changed = this.#base.add(payload) || changed;
    }
    return { table: this.#base, changed };
  }

  #bound(size: number): void {
    if (size > this.#limit) throw new RtrError(RTR_ERROR.INTERNAL, `more than ${this.#limit} prefixes`);
  }
}

function textOf({ prefix, maxLength, asn }: ValidatedPayload): string {
  return `${formatPrefix(prefix)} to ${maxLength} of AS ${asn}`;
}
