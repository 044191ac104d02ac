import type { Clock } from '../../base/index.ts';
import type { AddressFamily, BestChanges } from '../api.ts';
import { ipFamily } from '../wire/index.ts';
import { LocRib } from './best/loc-rib.ts';
import { AdjRibIn } from './in/adj-rib-in.ts';
import { type ExportContext, exportKey } from './out/export-context.ts';
import { ExportGroup } from './out/export-group.ts';
import type { ExportMember, Outlet } from './out/export-member.ts';
import type { ExportTables } from './out/outgoing.ts';
import { DirtySet } from './pool/columns.ts';
import type { NextHopSets } from './pool/next-hop-sets.ts';
import { NO_PATH } from './pool/path-pool.ts';

/** The settings that the families share, and how routes of each are to be treated. */
export interface FamilySettings {
  readonly tables: Omit<ExportTables, 'rib'>;
  readonly sets: NextHopSets;
  readonly clock: Clock;
  readonly maximumPaths: number;
  /** Octets that an export group keeps for members that lag. */
  readonly window: number | undefined;
  readonly nextHopCost: ((address: string) => number | undefined) | undefined;
}

/** The routes of one family, from Adj-RIB-In to the groups that they are announced to. */
export class FamilyRib {
  readonly name: AddressFamily;
  readonly rib: AdjRibIn;
  readonly loc: LocRib;
  readonly #groups = new Map<string, ExportGroup>();
  /** Prefixes that may be nobody's any more. */
  readonly #forgotten = new DirtySet();
  readonly #settings: FamilySettings;

  constructor(name: AddressFamily, settings: FamilySettings) {
    const { tables, sets, maximumPaths, nextHopCost } = settings;
    const { pool, sources, nextHops } = tables;
    this.name = name;
    this.#settings = settings;
    this.rib = new AdjRibIn(ipFamily(name), pool, nextHops);
    const cost = nextHopCost
      ? (nextHop: number): number | undefined => (nextHop === 0 ? 0 : nextHopCost(nextHops.text(nextHop)))
      : (): number => 0;
    const view = { rib: this.rib, pool, sources, costly: nextHopCost !== undefined, cost };
    this.loc = new LocRib(view, sets, maximumPaths);
  }

  /** Removes what is to go and decides what is dirty until time is up; true if something is left. */
  settle(since: number, emit: (changes: BestChanges) => void, expired: () => boolean): boolean {
    const { rib, loc } = this;
    const sweeping = rib.sweeps.run(expired);
    if (rib.dirty.size === 0 && !loc.replaying) return sweeping;
    const dirtySets = [...this.#groups.values()].map((group) => group.dirty);
    const changed = (prefix: number): void => {
      for (const dirty of dirtySets) dirty.add(prefix);
      if (loc.best[prefix] === NO_PATH) this.#forgotten.add(prefix);
    };
    loc.settle(since, changed, emit, expired);
    return sweeping || rib.dirty.size > 0 || loc.replaying;
  }

  /** Tells the peers what has changed until time is up; true if something is left that can be done now. */
  announce(mayEndRib: boolean, expired: () => boolean): boolean {
    let busy = false;
    for (const group of this.#groups.values()) {
      while (group.hasWork && !expired()) group.run();
      for (const member of group.members) busy = member.pump(expired, mayEndRib) || busy;
      group.trim();
      busy ||= group.hasWork;
    }
    return busy || this.#release(expired);
  }

  /** Whether every member of every group has been written what was decided. */
  get isAnnounced(): boolean {
    return [...this.#groups.values()].every((group) => group.isAnnounced);
  }

  /** Whether some group's filter asks for interfaces. */
  get asksInterface(): boolean {
    return [...this.#groups.values()].some((group) => group.asksInterface);
  }

  /** Has every prefix decided again, and announced anew where that comes out otherwise. */
  reconsider(): void {
    const { prefixes, head, dirty } = this.rib;
    for (let prefix = 0; prefix < prefixes.limit; prefix++) if (head[prefix] !== NO_PATH) dirty.add(prefix);
  }

  /** Puts a peer into the export group for its context: a new member, unless `before` is in that group already. */
  enrol(context: ExportContext, source: number, outlet: Outlet, before: ExportMember | undefined): ExportMember {
    const key = exportKey(context);
    if (before?.group.key === key) return before;
    let group = this.#groups.get(key);
    if (group === undefined) {
      const { tables, clock, window } = this.#settings;
      group = new ExportGroup(context, this.loc, { ...tables, rib: this.rib }, clock, window);
      this.#groups.set(key, group);
    }
    const member = group.join(source, outlet);
    if (before) {
      // Another filter, say: what the old group had announced is withdrawn if the new one does not announce it.
      member.takeOver(before, group.entriesLike(this.#groups.get(before.group.key)!));
      this.expel(before);
    }
    return member;
  }

  expel(member: ExportMember): void {
    const group = this.#groups.get(member.group.key)!;
    group.leave(member);
    if (group.members.size > 0) return;
    group.dissolve();
    this.#groups.delete(group.key);
  }

  /** Gives up the numbers of prefixes that no table and no message on its way speaks of. */
  #release(expired: () => boolean): boolean {
    const { rib, loc } = this;
    const groups = [...this.#groups.values()];
    if (this.#forgotten.size === 0 || !groups.every((group) => group.quiet)) return false;
    for (let done = 1; this.#forgotten.size > 0; done++) {
      const prefix = this.#forgotten.shift();
      const unused = rib.prefixes.has(prefix) && rib.head[prefix] === NO_PATH && loc.forgets(prefix);
      if (unused && !rib.dirty.has(prefix) && !groups.some((group) => group.holds(prefix)))
        rib.prefixes.release(prefix);
      if (done % 1024 === 0 && expired()) break;
    }
    return this.#forgotten.size > 0;
  }
}
