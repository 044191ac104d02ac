import type { Entries } from '../../base/index.ts';
import type { AddressSet, Endpoint, ServiceBackend } from '../../policy/index.ts';
import type { Inheritance } from './inheritance.ts';
import { Matched } from './matched.ts';
import type { Thing } from './members.ts';
import { SetTable } from './set-table.ts';

/** The things that rules may mean, and the sets that they look into. */
export interface GroundInputs {
  readonly pods: Entries<Endpoint>;
  readonly hosts: Entries<Endpoint>;
  readonly networkSets: Entries<AddressSet>;
  readonly nodes: Entries<AddressSet>;
  readonly services: Entries<readonly ServiceBackend[]>;
}

/** In one index: pods by their keys, which have no space in them, and all others by what they are. */
export const HOST = 'host ';
const SET = 'set ';

export class Ground {
  readonly sets: SetTable;
  readonly #inheritance: Inheritance;
  readonly #identities = new Matched((id) => this.#thing(id));
  readonly #nodes = new Matched((id) => this.#seen?.nodes.get(id));
  #seen: GroundInputs | undefined;

  constructor(inheritance: Inheritance) {
    this.#inheritance = inheritance;
    this.sets = new SetTable({
      identities: this.#identities,
      nodes: this.#nodes,
      backendsOf: (service) => this.#seen?.services.get(service) ?? [],
    });
  }

  /** Takes in what has changed; the profiles that `relabeled` names give other labels than before. */
  run(inputs: GroundInputs, relabeled: Iterable<string>): void {
    const before = this.#seen;
    this.#seen = inputs;
    for (const [key, now, was] of inputs.pods.since(before?.pods)) this.#heir(key, now, was);
    for (const [key, now, was] of inputs.hosts.since(before?.hosts)) this.#heir(`${HOST}${key}`, now, was);
    for (const [key, now, was] of inputs.networkSets.since(before?.networkSets)) this.#heir(`${SET}${key}`, now, was);
    for (const profile of relabeled) for (const id of this.#inheritance.heirs(profile)) this.#relabel(id);
    for (const [key, now, was] of inputs.nodes.since(before?.nodes)) {
      this.sets.touch(this.#nodes.change(key, now?.labels, now, was));
    }
    for (const [service, now, was] of inputs.services.since(before?.services)) {
      this.sets.serve(service, now ?? [], was ?? []);
    }
  }

  #heir(id: string, now: Thing | undefined, before: Thing | undefined): void {
    this.#inheritance.moved(id, now, before);
    const labels = now && this.#inheritance.labelsOf(now);
    this.sets.touch(this.#identities.change(id, labels, now, before));
  }

  #relabel(id: string): void {
    const thing = this.#thing(id);
    if (thing === undefined) return;
    this.sets.touch(this.#identities.change(id, this.#inheritance.labelsOf(thing), thing, thing));
  }

  #thing(id: string): Thing | undefined {
    if (id.startsWith(HOST)) return this.#seen?.hosts.get(id.slice(HOST.length));
    if (id.startsWith(SET)) return this.#seen?.networkSets.get(id.slice(SET.length));
    return this.#seen?.pods.get(id);
  }
}
