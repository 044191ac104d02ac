import type { Store } from '../datastore/index.ts';
import {
  type EffectiveIPAMConfiguration,
  effectiveIPAMConfiguration,
  type KindName,
  type Labels,
  type Node,
  type ResourceOf,
  read,
} from '../model/index.ts';
import { type Pool, readPools } from './pools.ts';
import { Reservations } from './reservations.ts';

/**
 * The facts that an assignment needs besides blocks. Nothing here guards an address (the blocks' compare-and-swap
 * does), so it may be a moment old: `StoreFacts` asks the store each time, `KnownFacts` follows it.
 */
export interface Facts {
  /** All pools, sorted by name. */
  pools(): Promise<readonly Pool[]>;
  reservations(): Promise<Reservations>;
  settings(): Promise<EffectiveIPAMConfiguration>;
  /** Of a node that doesn't exist: none. */
  nodeLabels(name: string): Promise<Labels>;
  /** Of a namespace that doesn't exist, or that the store doesn't know: none. */
  namespaceLabels(name: string): Promise<Labels>;
  /** The same, asked of the store now: nobody is refused on hearsay. */
  readonly fresh: Facts;
}

export const SETTINGS_NAME = 'default';

/** The prefix of a namespace's labels in its profile. */
const NAMESPACE_LABEL = 'pcns.';

export function labelsOf(node: Node | undefined): Labels {
  return node?.metadata.labels ?? {};
}

/** Asks every time: for a command that runs once. What breaks a rule is read as a syncer reads it: liberally. */
export class StoreFacts implements Facts {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  get fresh(): Facts {
    return this;
  }

  async pools(): Promise<readonly Pool[]> {
    return readPools(understood('IPPool', (await this.#store.list('IPPool')).items));
  }

  async reservations(): Promise<Reservations> {
    return new Reservations(understood('IPReservation', (await this.#store.list('IPReservation')).items));
  }

  async settings(): Promise<EffectiveIPAMConfiguration> {
    const stored = await this.#store.get({ kind: 'IPAMConfiguration', name: SETTINGS_NAME });
    return effectiveIPAMConfiguration(stored && read('IPAMConfiguration', stored).resource);
  }

  async nodeLabels(name: string): Promise<Labels> {
    return labelsOf(await this.#store.get({ kind: 'Node', name }));
  }

  /** In every engine a namespace shows as the profile that its pods have. */
  async namespaceLabels(name: string): Promise<Labels> {
    const profile = await this.#store.get({ kind: 'Profile', name: `kns.${name}` });
    const labels = Object.entries(profile?.spec.labelsToApply ?? {});
    return Object.fromEntries(
      labels
        .filter(([label]) => label.startsWith(NAMESPACE_LABEL))
        .map(([label, value]) => [label.slice(NAMESPACE_LABEL.length), value]),
    );
  }
}

/** Reads stored objects; one that can't be read is left out, as in everything that follows the store. */
function understood<Kind extends KindName>(
  kind: Kind,
  objects: readonly ResourceOf<Kind>[],
): readonly ResourceOf<Kind>[] {
  return objects.flatMap((object) => read(kind, object).resource ?? []);
}
