import { type Entries, EntriesWriter, same } from '../base/index.ts';
import { type BGPPeer, matchesSelector, type Node, SelectorError } from '../model/index.ts';
import type { DesiredFilter, DesiredPeer } from './desired/index.ts';
import type { Peering } from './peering-claims.ts';

/** The sessions that are asked for → those that run. */
export class RunningPeers {
  readonly #writer = new EntriesWriter<DesiredPeer>(same);
  #seen: Entries<Peering> | undefined;

  run(peerings: Entries<Peering>): Entries<DesiredPeer> {
    for (const [key, now] of peerings.since(this.#seen)) {
      this.#writer.set(key, now?.refused === undefined ? now?.peer : undefined);
    }
    this.#seen = peerings;
    return this.#writer.commit();
  }
}

/** Counts what many entries say, and lists each once. The same list as before while none has come or gone. */
class Sayings {
  readonly #counts = new Map<string, number>();
  #listed: readonly string[] | undefined;

  add(text: string, difference: 1 | -1): void {
    const count = (this.#counts.get(text) ?? 0) + difference;
    if (count === 0) this.#counts.delete(text);
    else this.#counts.set(text, count);
    if (count === 0 || count === difference) this.#listed = undefined;
  }

  list(): readonly string[] {
    this.#listed ??= [...this.#counts.keys()].sort();
    return this.#listed;
  }
}

/** Why sessions that are asked for don't run, each reason once. */
export class PeerRefusals {
  readonly #reasons = new Sayings();
  #seen: Entries<Peering> | undefined;

  run(peerings: Entries<Peering>): readonly string[] {
    for (const [, now, before] of peerings.since(this.#seen)) {
      if (now?.refused === before?.refused) continue;
      if (before?.refused !== undefined) this.#reasons.add(before.refused, -1);
      if (now?.refused !== undefined) this.#reasons.add(now.refused, 1);
    }
    this.#seen = peerings;
    return this.#reasons.list();
  }
}

/** The names of the Secrets that sessions are protected by, whether they run or not, in their order. */
export class UsedSecrets {
  readonly #names = new Sayings();
  #seen: Entries<Peering> | undefined;

  run(peerings: Entries<Peering>): readonly string[] {
    for (const [, now, before] of peerings.since(this.#seen)) {
      if (before?.secret !== undefined) this.#names.add(before.secret, -1);
      if (now?.secret !== undefined) this.#names.add(now.secret, 1);
    }
    this.#seen = peerings;
    return this.#names.list();
  }
}

/** The names of the filters that some peer uses, in their order. */
export class UsedFilters {
  readonly #names = new Sayings();
  #seen: Entries<DesiredPeer> | undefined;

  run(peers: Entries<DesiredPeer>): readonly string[] {
    for (const [, now, before] of peers.since(this.#seen)) {
      for (const name of before?.filters ?? []) this.#names.add(name, -1);
      for (const name of now?.filters ?? []) this.#names.add(name, 1);
    }
    this.#seen = peers;
    return this.#names.list();
  }
}

/** The parts of used filters that are left out, and why; also names that stand for no filter. */
export function filterProblems(used: readonly string[], filters: ReadonlyMap<string, DesiredFilter>): string[] {
  return used.flatMap((name) => {
    const missing = [`BGPFilter ${name} does not exist: peers that name it do without`];
    return filters.get(name)?.problems ?? missing;
  });
}

/** Whether an object with this spec is for the node: by its name, by its labels, or as for all nodes. */
export function isOfNode(
  { node: name, nodeSelector }: Pick<BGPPeer['spec'], 'node' | 'nodeSelector'>,
  { metadata }: Node,
): boolean {
  if (name) return name === metadata.name;
  try {
    return !nodeSelector || matchesSelector(nodeSelector, metadata.labels ?? {});
  } catch (error) {
    if (!(error instanceof SelectorError)) throw error;
    return false;
  }
}
