import type { Entries } from '../../base/index.ts';
import type { Problem } from '../../policy/index.ts';

interface Read {
  readonly problems: readonly Problem[];
}

/** The problems of many objects; the same list as before while none of them has changed. */
export class Problems {
  readonly #told = new Map<string, readonly Problem[]>();
  #seen: readonly Entries<Read>[] = [];
  #all: readonly Problem[] = [];

  run(...reads: readonly Entries<Read>[]): readonly Problem[] {
    let changed = false;
    for (const [at, entries] of reads.entries()) {
      for (const [key, now] of entries.since(this.#seen[at])) {
        const problems = now?.problems ?? [];
        const text = `${at} ${key}`;
        if (problems.length === 0 && !this.#told.has(text)) continue;
        changed = true;
        if (problems.length === 0) this.#told.delete(text);
        else this.#told.set(text, problems);
      }
    }
    this.#seen = reads;
    if (changed) this.#all = [...this.#told.values()].flat();
    return this.#all;
  }
}
