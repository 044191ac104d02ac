import { same } from '../../base/index.ts';
import type { Labels, Selector } from '../../model/index.ts';
import type { SetReference } from '../../policy/index.ts';
import { LabelIndex, type Selection } from '../label-index.ts';
import type { MemberSet } from './member-set.ts';
import { membersOf, type Thing } from './members.ts';

/** A set that is filled with what a selector matches. */
export interface Filled {
  /** The set's, by `setKey`. */
  readonly key: string;
  readonly reference: SetReference;
  readonly set: MemberSet;
}

const ALL: Selector = { kind: 'all' };

/** Labelled things, and the sets that selectors over them fill. A change costs the sets that it is about. */
export class Matched {
  readonly #index = new LabelIndex();
  readonly #thingOf: (id: string) => Thing | undefined;
  /** By the selection's text. */
  readonly #sets = new Map<string, Set<Filled>>();

  /** `thingOf`: each thing as of the last change that was told. */
  constructor(thingOf: (id: string) => Thing | undefined) {
    this.#thingOf = thingOf;
  }

  /** Fills the set with what matches, from now on; `release` ends that. */
  fill(selector: Selector | undefined, filled: Filled): () => void {
    const selection = this.#index.select(selector ?? ALL);
    for (const id of selection.members) {
      const thing = this.#thingOf(id);
      if (thing !== undefined) filled.set.add(membersOf(filled.reference, thing));
    }
    const sets = this.#sets.get(selection.text) ?? new Set();
    this.#sets.set(selection.text, sets.add(filled));
    return () => {
      sets.delete(filled);
      if (sets.size === 0) this.#sets.delete(selection.text);
      this.#index.release(selection);
    };
  }

  /** The thing is another, or has other labels; gives the sets that it may have changed. */
  change(id: string, labels: Labels | undefined, now: Thing | undefined, before: Thing | undefined): Iterable<Filled> {
    const touched = new Set<Filled>();
    const { started, stopped } = this.#index.label(id, labels);
    for (const selection of stopped) this.#move(selection, undefined, before, touched);
    for (const selection of started) this.#move(selection, now, undefined, touched);
    if (now === undefined || before === undefined || isSamePlace(now, before)) return touched;
    const fresh = new Set(started);
    for (const selection of this.#index.matching(id)) {
      if (!fresh.has(selection)) this.#move(selection, now, before, touched);
    }
    return touched;
  }

  #move({ text }: Selection, now: Thing | undefined, before: Thing | undefined, touched: Set<Filled>): void {
    for (const filled of this.#sets.get(text) ?? []) {
      touched.add(filled);
      // A member that stays must not go for a moment: it would be a change.
      if (now !== undefined) filled.set.add(membersOf(filled.reference, now));
      if (before !== undefined) filled.set.remove(membersOf(filled.reference, before));
    }
  }
}

function isSamePlace(a: Thing, b: Thing): boolean {
  if (a === b) return true;
  if ('nets' in a || 'nets' in b) return 'nets' in a && 'nets' in b && same(a.nets, b.nets);
  return same(a.addresses, b.addresses) && same(a.ports, b.ports);
}
