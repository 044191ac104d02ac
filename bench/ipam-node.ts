/**
 * One process of `ipam.ts`: some nodes, each with a client of its own. It claims their blocks, says that it is ready, and at
 * `go` all of them assign and release at once.
 */
import { type DatastoreConfig, openStore, Syncer } from '../src/datastore/index.ts';
import { factKinds, Ipam, KnownFacts, StoreFacts } from '../src/ipam/index.ts';
import { CountingStore } from '../test/ipam/counting-store.ts';

export interface Share {
  readonly datastore: DatastoreConfig;
  readonly nodes: readonly string[];
  /** Of each node. */
  readonly assignments: number;
}

export interface Outcome {
  /** Of each assignment, in milliseconds. */
  readonly latencies: readonly number[];
  readonly seconds: number;
  /** Calls to the store that the assignments took. */
  readonly roundTrips: number;
}

/** Addresses that a node holds before it gives them back: less than a block. */
const HELD = 3;

process.once('message', async (message) => {
  const share = message as Share;
  const nodes = await Promise.all(share.nodes.map((name) => Node.start(share.datastore, name)));
  process.once('message', async () => {
    const begin = performance.now();
    await Promise.all(nodes.map((node) => node.run(share.assignments)));
    const seconds = (performance.now() - begin) / 1000;
    const latencies = nodes.flatMap((node) => node.latencies);
    const roundTrips = nodes.reduce((sum, node) => sum + node.roundTrips, 0);
    process.send?.({ latencies, seconds, roundTrips } satisfies Outcome);
    for (const node of nodes) await node.stop();
  });
  process.send?.('ready');
});

class Node {
  readonly latencies: number[] = [];
  roundTrips = 0;
  readonly #name: string;
  readonly #counting: CountingStore;
  readonly #ipam: Ipam;
  readonly stop: () => Promise<void>;

  private constructor(name: string, counting: CountingStore, ipam: Ipam, stop: () => Promise<void>) {
    this.#name = name;
    this.#counting = counting;
    this.#ipam = ipam;
    this.stop = stop;
  }

  static async start(datastore: DatastoreConfig, name: string): Promise<Node> {
    const store = await openStore(datastore);
    const counting = new CountingStore(store);
    const facts = new KnownFacts(new StoreFacts(store));
    const { promise: synced, resolve } = Promise.withResolvers<void>();
    const onStatus = (status: string): void => {
      if (status === 'in-sync') resolve();
    };
    const syncer = new Syncer({ store, kinds: factKinds, onUpdates: (batch) => facts.apply(batch), onStatus });
    syncer.start();
    await synced;
    facts.inSync();
    const ipam = new Ipam({ store: counting.store, facts });
    await ipam.autoAssign({ hostname: name, handleId: `${name}-warm`, num4: 1, attributes: { node: name } });
    return new Node(name, counting, ipam, async () => {
      await syncer.stop();
      await store.close();
    });
  }

  async run(assignments: number): Promise<void> {
    const held: string[] = [];
    for (let at = 0; at < assignments; at++) {
      const handleId = `k8s-pod-network.${this.#name}-${at}`;
      const attributes = { node: this.#name, pod: handleId, namespace: 'n' };
      const start = performance.now();
      const counts = await this.#counting.during(() =>
        this.#ipam.autoAssign({ hostname: this.#name, handleId, num4: 1, attributes }),
      );
      this.latencies.push(performance.now() - start);
      this.roundTrips += Object.values(counts).reduce((sum, count) => sum + count, 0);
      if (held.push(handleId) > HELD) await this.#ipam.releaseByHandle(held.shift()!).catch(() => {});
    }
  }
}
