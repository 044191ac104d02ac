import type { Test } from 'tap';
import type { Family } from '../../src/base/index.ts';
import { openStore, type Store } from '../../src/datastore/index.ts';
import type { Lab, NodePlan, PodState } from '../../src/lab/index.ts';
import type { FelixConfiguration } from '../../src/model/index.ts';
import { type Kernel, openKernel, type WireguardDevice } from '../../src/netlink/index.ts';
import { missing, startPing } from '../cluster/pinging.ts';
import { nodesWithPods, ping } from './encapsulation.ts';
import { seconds } from './watching.ts';

export const DEV = 'wireguard.cali';
export const DEV6 = 'wg-v6.cali';
const DEVICES = { 4: DEV, 6: DEV6 } as const;
export const RULE = '99:\tnot from all fwmark 0x100000/0x100000 lookup 1 proto 80';
/** A packet between two nodes' WireGuard devices, as tcpdump(8) says it. */
export const ENCRYPTED = /172\.18\.\d\.1\d\.51820 > 172\.18\.\d\.1\d\.51820: UDP/;

/** Seconds between a daemon's full looks at the kernel. */
export const RESYNC = 90;

/** Seconds until WireGuard repeats a handshake that was not answered. */
const REKEY_TIMEOUT = 5;

/** What a node's table says: destinations through the tunnel, and those that go on to the ordinary routes. */
export interface Ways {
  readonly tunnel: readonly string[];
  readonly clear: readonly string[];
}

/** What its Node tells the others. */
export interface Told {
  readonly key: string | undefined;
  readonly address: string | undefined;
}

/**
 * A lab whose nodes can encrypt. It looks at kernels and store from within the test: time stands still meanwhile, but a
 * program started for each look would take seconds of the host's.
 */
export class Encryption {
  readonly lab: Lab;
  readonly #store: Store;
  readonly #kernels = new Map<string, Kernel>();

  private constructor(lab: Lab, store: Store) {
    this.lab = lab;
    this.#store = store;
  }

  /** Nodes with a pod each, and no other encapsulation; WireGuard is off. */
  static async start(t: Test, nodes: number): Promise<Encryption> {
    return Encryption.of(t, await nodesWithPods(t, nodes, 'Never'));
  }

  static async of(t: Test, lab: Lab): Promise<Encryption> {
    const made = new Encryption(lab, await openStore({ type: 'sqlite', path: lab.record.plan.datastore }));
    t.teardown(async () => {
      for (const kernel of made.#kernels.values()) kernel.close();
      await made.#store.close();
    });
    return made;
  }

  /** Sets fields of the cluster's settings, or with `node.NAME` of one node's. */
  async configure(spec: FelixConfiguration['spec'], name = 'default'): Promise<void> {
    const key = { kind: 'FelixConfiguration', name } as const;
    const found = await this.#store.get(key);
    const head = { apiVersion: 'projectcalico.org/v3', kind: 'FelixConfiguration' } as const;
    if (found === undefined) await this.#store.create({ ...head, metadata: { name }, spec });
    else await this.#store.update({ ...found, spec: { ...found.spec, ...spec } });
  }

  /** The kernel in the namespace of a node or a pod. */
  async kernel({ name, namespace }: Pick<NodePlan, 'name' | 'namespace'>): Promise<Kernel> {
    const kernel = this.#kernels.get(name) ?? (await openKernel({ namespace: `/run/netns/${namespace}` }));
    this.#kernels.set(name, kernel);
    return kernel;
  }

  async device(name: string, family: Family = 4): Promise<WireguardDevice> {
    return (await this.kernel(this.lab.node(name))).wireguardGet(DEVICES[family]);
  }

  async told(name: string, family: Family = 4): Promise<Told> {
    const { spec, status } = (await this.#store.get({ kind: 'Node', name })) ?? { spec: {}, status: {} };
    return family === 4
      ? { key: status?.wireguardPublicKey, address: spec.wireguard?.interfaceIPv4Address }
      : { key: status?.wireguardPublicKeyV6, address: spec.wireguard?.interfaceIPv6Address };
  }

  async ways(name: string, family: Family = 4): Promise<Ways> {
    const kernel = await this.kernel(this.lab.node(name));
    const routes = await kernel.routeList({ family, table: 1 });
    const of = (kind: string): string[] =>
      routes.filter((route) => route.kind === kind).map(({ destination }) => destination);
    return { tunnel: of('unicast'), clear: of('throw') };
  }

  /** Waits until each node has a key and an address, a handshake with so many others, and sends to their blocks encrypted. */
  async untilEncrypted(nodes: readonly string[], others: number, family: Family = 4): Promise<void> {
    for (const name of nodes) {
      await this.lab.until(`${name} to encrypt for ${others}`, async () => {
        const { tunnel } = await this.ways(name, family);
        const { publicKey, peers } = await this.device(name, family);
        const { key, address } = await this.told(name, family);
        const known = peers.filter(({ latestHandshake }) => latestHandshake > 0).length;
        const rules = await (await this.kernel(this.lab.node(name))).ruleList(family);
        const rule = rules.some(({ mark }) => mark !== undefined);
        return tunnel.length === others && known === others && rule && key === publicKey && address !== undefined;
      });
    }
  }

  /** Waits until nothing of the family's WireGuard is left on each node, nor told of it. */
  async untilOff(nodes: readonly string[], family: Family = 4): Promise<void> {
    for (const name of nodes) {
      await this.lab.until(`${name} to be without`, async () => {
        const kernel = await this.kernel(this.lab.node(name));
        const { tunnel, clear } = await this.ways(name, family);
        const marked = (await kernel.ruleList(family)).filter(({ mark }) => mark !== undefined);
        const devices = (await kernel.linkList()).filter((link) => link.name === DEVICES[family]);
        const left = [...marked, ...devices, ...tunnel, ...clear];
        const { key, address } = await this.told(name, family);
        return left.length === 0 && key === undefined && address === undefined;
      });
    }
  }

  /** Does something while one pod pings another; resolves to the sequence numbers that had no reply. */
  async lost(from: PodState, to: PodState, change: () => Promise<void>): Promise<readonly number[]> {
    const pings = startPing(from.namespace, `${to.address}`);
    await this.lab.until('replies', async () => pings.replies.length > 10);
    await change();
    const seen = pings.replies.length;
    await this.lab.until('replies after the change', async () => pings.replies.length > seen + 20);
    return missing(await pings.stop());
  }

  /**
   * As `lost`, for nodes that begin to encrypt for each other. Where both greet in the same instant, neither answers, and
   * WireGuard tries again after five seconds: what that costs is its own, and not counted.
   */
  async lostMeeting(from: PodState, to: PodState, meet: () => Promise<void>): Promise<readonly number[]> {
    let took = 0;
    const lost = await this.lost(from, to, async () => {
      const start = seconds();
      await meet();
      took = seconds() - start;
    });
    return took < REKEY_TIMEOUT ? lost : [];
  }

  /** What goes over a node's cable while one pod pings another: so many packets, one to a line. */
  async onTheWire(from: PodState, to: PodState, packets: number): Promise<string[]> {
    const filter = `udp or host ${to.address}`;
    const capture = ['timeout', '30', 'tcpdump', '-n', '-l', '-i', 'eth0', '-c', `${packets}`, filter];
    let text: string | undefined;
    void this.lab.exec(to.node, capture).then(({ stdout }) => {
      text = stdout;
    });
    await this.lab.until('packets to be captured', async () => {
      await ping(this.lab, from, to);
      return text !== undefined;
    });
    return `${text}`.split('\n').filter((line) => line !== '');
  }
}
