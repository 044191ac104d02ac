import { NotFound, type Store, type Update, UpdateConflict } from '../datastore/index.ts';
import type { Node } from '../model/index.ts';

export interface KnownNodesOptions {
  readonly nodename: string;
  readonly store: Pick<Store, 'get' | 'list' | 'update'>;
}

/**
 * The Nodes as the syncer tells of them, and this node's own among them: kubelet writes it all day long, so that whoever
 * cares for a part of it looks here first. The store is asked where nothing is known, or what is known was overtaken.
 */
export class KnownNodes {
  readonly #options: KnownNodesOptions;
  readonly #nodes = new Map<string, Node>();
  #inSync = false;

  constructor(options: KnownNodesOptions) {
    this.#options = options;
  }

  /** Takes in a syncer's batch; other kinds are passed over. */
  apply(batch: readonly Update[]): void {
    for (const { key, resource } of batch) {
      if (key.kind !== 'Node') continue;
      if (resource === undefined) this.#nodes.delete(key.name);
      else this.#nodes.set(key.name, resource as Node);
    }
  }

  /** All of them have been delivered once. */
  inSync(): void {
    this.#inSync = true;
  }

  /** The own Node as it was last heard of. */
  get known(): Node | undefined {
    return this.#nodes.get(this.#options.nodename);
  }

  /** The own Node; undefined when there is none. */
  async own(): Promise<Node | undefined> {
    return this.known ?? this.fresh();
  }

  /** The own Node as it is in the store now. */
  async fresh(): Promise<Node | undefined> {
    return this.#remember(await this.#options.store.get({ kind: 'Node', name: this.#options.nodename }));
  }

  /** All other Nodes. */
  async others(): Promise<readonly Node[]> {
    const all = this.#inSync ? [...this.#nodes.values()] : (await this.#options.store.list('Node')).items;
    return all.filter(({ metadata }) => metadata.name !== this.#options.nodename);
  }

  /** Somebody has written the own Node. */
  wrote(node: Node): void {
    this.#remember(node);
  }

  /**
   * Replaces the own Node by what `make` makes of it; undefined for "it is right as it is". Others write it too: a lost
   * race is run again. Resolves with whether anything was written; a Node that isn't there is left to whoever makes it.
   */
  async change(make: (node: Node) => Node | undefined): Promise<boolean> {
    for (let node = await this.own(); node !== undefined; node = await this.fresh()) {
      const next = make(node);
      if (next === undefined) return false;
      try {
        this.#remember(await this.#options.store.update<'Node'>(next));
        return true;
      } catch (error) {
        if (!(error instanceof UpdateConflict || error instanceof NotFound)) throw error;
      }
    }
    return false;
  }

  #remember(node: Node | undefined): Node | undefined {
    if (node === undefined) this.#nodes.delete(this.#options.nodename);
    else this.#nodes.set(this.#options.nodename, node);
    return node;
  }
}
