import type { Clock, Log } from '../base/index.ts';
import type { Update } from '../datastore/index.ts';
import type { Node } from '../model/index.ts';

/** A namesake that was not seen for this long is gone, in milliseconds. */
const MEMORY = 3 * 60_000;
/** So often within that time our address was overwritten with another's: no person does that. */
const PROOF = 2;

/**
 * Notices a second machine that runs with this node's name: the Node gets its address instead of ours, again and again.
 * Each of the two sees the other.
 */
export class Namesake {
  readonly #nodename: string;
  readonly #clock: Clock;
  readonly #log: Log;
  /** The last few addresses that this node wrote, since news of them may come late. */
  #ours: readonly string[] = [];
  #sightings: { readonly at: number; readonly address: string }[] = [];

  constructor(options: { readonly nodename: string; readonly clock: Clock; readonly log: Log }) {
    this.#nodename = options.nodename;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  /** This node has found its Node right, or put it right. */
  wrote(node: Node): void {
    const address = addressesOf(node);
    if (this.#ours.at(-1) !== address) this.#ours = [...this.#ours, address].slice(-8);
  }

  /** Takes in a syncer's batch: the own Node matters. */
  apply(batch: readonly Update[]): void {
    for (const { key, resource } of batch) {
      if (key.kind !== 'Node' || key.name !== this.#nodename || resource === undefined) continue;
      const address = addressesOf(resource as Node);
      if (this.#ours.length === 0 || address === '' || this.#ours.includes(address)) continue;
      const wasThere = this.isThere;
      this.#sightings = [...this.#recent(), { at: this.#clock.now(), address }].slice(-PROOF);
      if (this.isThere && !wasThere) this.#log.warn({ address }, "another machine runs with this node's name");
    }
  }

  get isThere(): boolean {
    return this.#recent().length >= PROOF;
  }

  problems(): readonly string[] {
    const last = this.#recent().at(-1);
    if (last === undefined || !this.isThere) return [];
    return [
      `another machine, with address ${last.address}, runs with this node's name '${this.#nodename}': ` +
        'give one of the two another NODENAME',
    ];
  }

  #recent(): { readonly at: number; readonly address: string }[] {
    return this.#sightings.filter(({ at }) => this.#clock.now() - at < MEMORY);
  }
}

function addressesOf({ spec: { bgp } }: Node): string {
  return [bgp?.ipv4Address, bgp?.ipv6Address].filter((address) => address).join(' and ');
}
