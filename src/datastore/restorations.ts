import { StoreRestored } from './errors.ts';

/** The answer that a question expects. */
export interface ExpectedAnswer {
  readonly count: number;
  readonly highest: bigint;
}

/**
 * Notices that a store's revisions have gone back: somebody has restored it from a backup. Watches from before lie in
 * the store's future, or in a past that it never had, and nobody would ever tell them. So every revision that is handed
 * out after a restoration says after which one, and one from before counts as expired.
 *
 * `place` names what has a numbering of its own: an API server may keep its resources in several databases.
 */
export class Restorations {
  #count = 0;
  readonly #highest = new Map<string, bigint>();
  readonly #identities = new Map<string, string>();

  /** How many have been noticed. */
  get count(): number {
    return this.#count;
  }

  /** To be called before a question whose answer can't be older than anything heard until now. */
  asking(place: string): ExpectedAnswer {
    return { count: this.#count, highest: this.#highest.get(place) ?? 0n };
  }

  /** The answer's revision, and if the store says so who it is. What is no number tells nothing. */
  answered(place: string, revision: string, { count, highest }: ExpectedAnswer, identity?: string): void {
    const at = numberOf(revision);
    const known = this.#identities.get(place);
    const another = identity !== undefined && known !== undefined && identity !== known;
    if (identity !== undefined) this.#identities.set(place, identity);
    if (at === undefined) return;
    if (count === this.#count && (another || at < highest)) {
      this.#count++;
      this.#highest.clear();
    }
    this.heard(place, revision);
  }

  /** A revision that the store has told of. */
  heard(place: string, revision: string): void {
    const at = numberOf(revision);
    if (at !== undefined && at > (this.#highest.get(place) ?? 0n)) this.#highest.set(place, at);
  }

  /** As it is handed out: `123`, and after the second restoration `123@2`. */
  stamped(revision: string, count = this.#count): string {
    return count === 0 ? revision : `${revision}@${count}`;
  }

  /** The store's own revision. `StoreRestored` for one from before the last restoration. */
  own(stamped: string): string {
    const [revision, count = '0'] = stamped.split('@');
    this.require(Number(count), stamped);
    return revision;
  }

  /** `StoreRestored` if one has been noticed since there were `count`. */
  require(count: number, revision: string): void {
    if (count !== this.#count) throw new StoreRestored(revision);
  }
}

function numberOf(revision: string): bigint | undefined {
  return /^[0-9]+$/.test(revision) ? BigInt(revision) : undefined;
}
