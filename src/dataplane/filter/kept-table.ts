import { type Log, reasonOf, same } from '../../base/index.ts';
import { type Nft, NftError } from '../../nftables/index.ts';
import { changeTo, type TableChange, type Touched, wholeTable } from './changes.ts';
import { Composition, elementsOf } from './composition.ts';
import { type KernelTable, kernelTable } from './kernel-table.ts';
import { PartRefusals } from './part-refusals.ts';
import { ALL_DONE, type Brought, type FailedFilter, type PartStanding, type RetryTurn } from './standing.ts';
import { type FilterPart, type FilterTable, inOrder, nameOf } from './table.ts';

/** Words of nft that are about no statement: to try the parts one by one would bring the same. */
const ABOUT_ALL = new Set(['NFT_MISSING', 'NFT_NAMESPACE', 'EPERM', 'ABORT_ERR']);

/**
 * One table: what it should be, part by part, and what the kernel has, object by object. It is looked at when it is not
 * known what the kernel has: at the start, and after somebody else has changed the table. Otherwise what was
 * acknowledged is remembered, and a change costs what it says.
 */
export class KeptTable {
  readonly #nft: Nft;
  readonly #log: Log;
  #wanted: FilterTable;
  /** The parts that the kernel has taken. */
  readonly #taken = new Composition();
  /** The kernel's table; undefined for none. */
  #kernel: KernelTable | undefined;
  /** `stale` until the kernel is looked at, `listed` until all is compared with what was found there. */
  #knowledge: 'stale' | 'listed' | 'sure' = 'stale';
  /** Whether somebody may have changed it since the last look began: what was listed or written meanwhile says nothing. */
  #isSuspect = false;
  /** Names of parts that may not be as they are wanted. */
  readonly #due = new Set<string>();
  readonly #refused = new PartRefusals();
  /** Why nothing can be said or done. */
  #trouble: string | undefined;

  constructor(wanted: FilterTable, options: { nft: Nft; log: Log }) {
    this.#nft = options.nft;
    this.#log = options.log;
    this.#wanted = wanted;
    for (const key of wanted.parts.keys()) this.#due.add(key);
  }

  get wanted(): FilterTable {
    return this.#wanted;
  }

  /** Sets what the table should be from now on. */
  want(wanted: FilterTable): void {
    for (const [key, now] of wanted.parts.since(this.#wanted.parts)) {
      const tried = this.#refused.get(key);
      if (same(now, tried === undefined ? this.#taken.part(key) : tried.part)) continue;
      this.#due.add(key);
      for (const waiting of this.#refused.waitingFor(key, wanted.parts)) this.#due.add(waiting);
    }
    this.#wanted = wanted;
  }

  /** Whether there may be something to do. */
  get isDue(): boolean {
    const isUnknown = this.#knowledge !== 'sure' && this.#trouble === undefined && this.#refused.size === 0;
    return isUnknown || this.#due.size > 0;
  }

  /** Whether there is such a table, or should be, or nobody knows. */
  get mayBe(): boolean {
    return this.#knowledge !== 'sure' || this.#kernel !== undefined || this.#wanted.parts.size > 0;
  }

  /** Somebody may have changed it. What was refused is tried again too, unless that costs much. */
  suspect(): void {
    this.#knowledge = 'stale';
    this.#isSuspect = true;
    this.retry('soon');
  }

  /** Has those parts tried again whose turn that is, and what needs them. */
  retry(turn: RetryTurn): void {
    for (const key of this.#refused.toTry(turn, this.#wanted.parts)) this.#due.add(key);
  }

  /** Whether something waits for that turn, though nothing changes. */
  waitsFor(turn: RetryTurn): boolean {
    return (turn === 'soon' && this.#trouble !== undefined) || this.#refused.waitsFor(turn);
  }

  /** Makes it as it is wanted, as far as the kernel takes that. */
  async bring(): Promise<Brought> {
    this.#trouble = undefined;
    try {
      if (this.#knowledge === 'stale' || this.#isSuspect) await this.#look();
      const due = inOrder(this.#wanted.parts, this.#due);
      this.#due.clear();
      return due.length > 0 || this.#knowledge !== 'sure' ? await this.#make(due) : ALL_DONE;
    } catch (error) {
      this.#knowledge = 'stale';
      // A table that nobody asks for is not lacking, and a program that never ran has left nothing.
      const isNothing = this.#wanted.parts.size === 0 && error instanceof NftError && error.code === 'NFT_MISSING';
      if (isNothing) return ALL_DONE;
      this.#trouble = this.#reason(error);
      return { isDone: false, turns: new Set(['soon']) };
    }
  }

  failures(): readonly FailedFilter[] {
    const { what, parts } = this.#wanted;
    if (this.#trouble !== undefined) return [{ what, reason: this.#trouble }];
    const named = [...this.#refused.reasons(parts)].map(([of, reason]) => ({
      what: of === undefined ? what : `${what}: ${of}`,
      reason,
    }));
    return [...new Map(named.map((failed) => [failed.what, failed])).values()];
  }

  standing(key: string): PartStanding {
    const { parts } = this.#wanted;
    const present = this.#knowledge === 'sure' && !this.#due.has(key) && same(this.#taken.part(key), parts.get(key));
    return { present, refused: this.#trouble ?? this.#refused.get(key)?.reason };
  }

  async #look(): Promise<void> {
    this.#isSuspect = false;
    const found = await this.#nft.list(this.#wanted.table);
    this.#kernel = found && kernelTable(found);
    this.#knowledge = 'listed';
  }

  /**
   * All that is due at once; if the kernel refuses that, what it has taken before is put right by itself, and then the
   * parts are tried by halves, until those are found that it refuses. What needs these is held in the end.
   */
  async #make(due: readonly string[]): Promise<Brought> {
    this.#refused.try(due);
    const free = due.filter((key) => !this.#refused.bar(key, this.#wanted.parts.get(key)));
    const error = await this.#attempt(free);
    if (error !== undefined) {
      if (this.#knowledge === 'listed') await this.#putRight();
      const refused = await this.#halves(free, error);
      // A part that another one needs may be there by now.
      if (free.length > 1) await this.#each(refused);
      await this.#each([...this.#refused.freed(this.#wanted.parts)]);
    }
    await this.#each([...this.#refused.dependents(this.#wanted.parts)]);
    this.#refused.rest();
    return this.#refused.brought(due);
  }

  async #halves(keys: readonly string[], error: unknown): Promise<readonly string[]> {
    if (keys.length <= 1) {
      for (const key of keys) {
        await this.#instead(key);
        this.#refused.refuse(key, this.#wanted.parts.get(key), this.#reason(error));
      }
      return keys;
    }
    const refused: string[] = [];
    const middle = keys.length >> 1;
    for (const half of [keys.slice(0, middle), keys.slice(middle)]) {
      const failure = await this.#attempt(half);
      if (failure !== undefined) refused.push(...(await this.#halves(half, failure)));
    }
    return refused;
  }

  /** For those that come after it, and lead there. */
  async #instead(key: string): Promise<void> {
    const part = this.#wanted.parts.get(key);
    if (part?.instead === undefined || this.#taken.part(key) !== undefined) return;
    await this.#attempt([key], () => ({ ...part, contents: part.instead ?? part.contents }));
  }

  async #each(keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      const failure = await this.#attempt([key]);
      if (failure !== undefined) this.#refused.refuse(key, this.#wanted.parts.get(key), this.#reason(failure));
    }
  }

  /** Puts back what was taken and removes what is nobody's; where that can't be had bit by bit, makes the table anew. */
  async #putRight(): Promise<void> {
    if ((await this.#attempt([])) === undefined) return;
    const change = wholeTable(this.#wanted.table, this.#taken);
    await this.#nft.run(change.transaction);
    this.#finished(change);
  }

  /** Writes these parts; answers with what the kernel has against it. Throws what is about no part. */
  async #attempt(
    keys: readonly string[],
    partOf = (key: string): FilterPart | undefined => this.#refused.writable(this.#wanted.parts.get(key)),
  ): Promise<unknown> {
    const before = keys.map((key) => [key, this.#taken.part(key)] as const);
    try {
      const touched = this.#put(keys.map((key) => [key, partOf(key)] as const));
      // The table of a former run protects until another does.
      if (this.#taken.isEmpty && this.#wanted.parts.size > 0) return undefined;
      const change = changeTo(this.#wanted.table, this.#taken, this.#kernel, touched);
      await this.#nft.run(change.transaction);
      this.#finished(change);
      for (const key of keys) this.#refused.took(key, this.#wanted.parts.get(key));
      return undefined;
    } catch (error) {
      this.#put(before);
      if (!(error instanceof NftError) || ABOUT_ALL.has(error.code)) {
        for (const key of keys) this.#due.add(key);
        throw error;
      }
      this.#log.debug({ table: nameOf(this.#wanted.table), err: error.message }, 'a transaction is refused');
      return error;
    }
  }

  #finished(change: TableChange): void {
    this.#kernel = change.done();
    this.#knowledge = this.#isSuspect ? 'stale' : 'sure';
  }

  /** Puts parts in their place. What may differ from the kernel then: what they say or said; after a look, anything. */
  #put(parts: readonly (readonly [key: string, part: FilterPart | undefined])[]): Touched {
    const touched = new Map<string, Set<string>>();
    const touch = (name: string, elements: Iterable<string>): void => {
      const known = touched.get(name);
      if (known === undefined) touched.set(name, new Set(elements));
      else for (const element of elements) known.add(element);
    };
    for (const [key, part] of parts) {
      for (const [name, { elements, isNew }] of this.#taken.put(key, part)) {
        touch(name, elements);
        // The elements of a former run are nobody's.
        if (isNew && this.#kernel?.has(name)) touch(name, this.#kernel.get(name)?.elements.keys() ?? []);
      }
    }
    // Where there is no table all of it is written.
    if (this.#knowledge !== 'listed' || this.#kernel === undefined) return touched;
    for (const name of this.#taken.objects()) touch(name, elementsOf(this.#taken.object(name)));
    let others: Composition | undefined;
    for (const [name, { elements }] of this.#kernel) {
      // Objects of parts that are not tried now stay as they are.
      if (!touched.has(name)) others ??= Composition.of(this.#wanted.parts);
      if (touched.has(name) || !others?.has(name)) touch(name, elements.keys());
    }
    return touched;
  }

  /** To nft, an expression that the kernel has no module for is a file that is not there. */
  #reason(error: unknown): string {
    const { module } = this.#wanted;
    if (module === undefined || !(error instanceof NftError && error.code === 'ENOENT')) return reasonOf(error);
    return `this kernel has no ${module}; load the module with: modprobe ${module} (${error.words})`;
  }
}
