import type { Entries } from '../../base/index.ts';
import type { DesiredVtep } from '../../calc/desired/index.ts';
import type { Neighbor } from '../../netlink/index.ts';
import { Claimants } from '../claimants.ts';
import { vtepNeighbors } from './render.ts';

/** Nodes → the entries that the kernel needs to reach them. A change of one node touches its own alone. */
export class VxlanNeighbors {
  readonly #dev: string;
  readonly #claims = new Claimants();
  #peers: Entries<DesiredVtep> | undefined;

  constructor(dev: string) {
    this.#dev = dev;
  }

  /** Keys of the entries that may be others than before. */
  run(peers: Entries<DesiredVtep>): ReadonlySet<string> {
    const changed = new Set<string>();
    for (const [node, now] of peers.since(this.#peers)) {
      const keys = now === undefined ? [] : vtepNeighbors(this.#dev, now).map(keyOf);
      for (const key of [...this.#claims.put(node, keys), ...keys]) changed.add(key);
    }
    this.#peers = peers;
    return changed;
  }

  /** The entry with this key. Of several nodes that claim it, the last by its name has it. */
  entry(key: string): Neighbor | undefined {
    const vtep = this.#peers?.get(this.#claims.of(key).at(-1) ?? '');
    return vtep && vtepNeighbors(this.#dev, vtep).find((entry) => keyOf(entry) === key);
  }
}

/** The key by which the kernel knows an entry: the MAC in the forwarding database, else the address. */
export function keyOf({ fdb, mac, destination }: Neighbor): string {
  return fdb ? `fdb ${mac}` : destination;
}
