import { execFileSync } from 'node:child_process';
import type { Test } from 'tap';
import { silentLog, sleep, systemClock } from '../../src/base/index.ts';
import type { Desired, DesiredWorkload } from '../../src/calc/index.ts';
import { createPodInterface, Dataplane, type PodInterface } from '../../src/dataplane/index.ts';
import { type Kernel, openKernel } from '../../src/netlink/index.ts';
import { type Nft, openNft } from '../../src/nftables/index.ts';
import { makeNamespace } from '../fakes/namespaces.ts';

/** Milliseconds for which the dataplane's work is waited for, on a busy machine. */
const PATIENCE = 30_000;

export const FAMILIES = {
  4: { pod: '10.244.1.2', external: '203.0.113.7', outside: '172.31.9.2', node: '172.31.9.1', length: 24 },
  6: { pod: 'fd00:244::2', external: '2001:db8::7', outside: 'fd00:9::2', node: 'fd00:9::1', length: 64 },
} as const;
/** The pod on the node, without anything besides. */
export const POD: DesiredWorkload = {
  key: 'default/web',
  interfaceName: 'caliweb',
  addresses: [`${FAMILIES[4].pod}/32`, `${FAMILIES[6].pod}/128`],
  floatingIps: [],
  sourcePrefixes: [],
  why: 'endpoint default/web',
};

type Spaces = Readonly<Record<'pod' | 'node' | 'outside', ReturnType<typeof makeNamespace>>>;

/**
 *     pod ── caliweb, node, eth0 ── outside, which has routes to the floating IPs by the node, as BGP would give it
 */
export class PodNetwork {
  readonly #spaces: Spaces;
  readonly #kernel: Kernel;
  readonly #nft: Nft;
  dataplane: Dataplane;

  private constructor(kernel: Kernel, spaces: Spaces, wrap: (nft: Nft) => Nft) {
    this.#spaces = spaces;
    this.#kernel = kernel;
    this.#nft = wrap(openNft({ namespace: spaces.node.path }));
    this.dataplane = this.restarted();
  }

  /** A new dataplane on the same kernel. */
  restarted(): Dataplane {
    const [kernel, nft] = [this.#kernel, this.#nft];
    this.dataplane = new Dataplane({ kernel, nft, clock: systemClock, log: silentLog, resyncInterval: 0 });
    return this.dataplane;
  }

  /** `withPod`: whether the pod's interface is there from the start. `wrap` puts something before the packet filter. */
  static async create(t: Test, { withPod = true, wrap = (nft: Nft): Nft => nft } = {}): Promise<PodNetwork> {
    const spaces: Spaces = { pod: makeNamespace(), node: makeNamespace(), outside: makeNamespace() };
    const network = new PodNetwork(await openKernel({ namespace: spaces.node.path }), spaces, wrap);
    t.teardown(() => network.#remove());
    await network.#build();
    if (withPod) await network.addPod();
    return network;
  }

  async #build(): Promise<void> {
    this.ip('node', `link add eth0 type veth peer name eth0 netns ${this.#spaces.outside.name}`);
    for (const where of ['node', 'outside'] as const) this.ip(where, 'link set eth0 up');
    for (const { external, outside, node, length } of Object.values(FAMILIES)) {
      const quiet = length === 64 ? ' nodad' : '';
      this.ip('node', `addr add ${node}/${length} dev eth0${quiet}`);
      this.ip('outside', `addr add ${outside}/${length} dev eth0${quiet}`);
      this.ip('outside', `route add ${external} via ${node}`);
      this.ip('outside', `route add ${POD.addresses[length === 64 ? 1 : 0]} via ${node}`);
    }
  }

  /** As a CNI request makes it. */
  addPod(): Promise<PodInterface> {
    return createPodInterface(this.#kernel, {
      interfaceName: POD.interfaceName,
      netns: this.#spaces.pod.path,
      ifName: 'eth0',
      addresses: POD.addresses,
      mtu: 1500,
      forwarding: false,
      destinations: ['0.0.0.0/0', '::/0'],
      alias: POD.key,
    });
  }

  /** The path of a place's namespace. */
  at(where: keyof Spaces): string {
    return this.#spaces[where].path;
  }

  #remove(): void {
    this.dataplane.stop();
    this.#kernel.close();
    for (const space of Object.values(this.#spaces)) space.remove();
  }

  run(where: keyof Spaces, ...command: readonly string[]): string {
    return execFileSync('ip', ['netns', 'exec', this.#spaces[where].name, ...command], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  ip(where: keyof Spaces, words: string): void {
    this.run(where, 'ip', ...words.split(' '));
  }

  ping(from: keyof Spaces, to: string, ...options: readonly string[]): boolean {
    try {
      this.run(from, 'ping', '-n', '-c', '1', '-W', '1', ...options, to);
      return true;
    } catch {
      return false;
    }
  }

  /** Whose address the pod sees as the sender of a ping to itself by this address. */
  senderSeen(family: 4 | 6, to: string): string | undefined {
    const word = family === 4 ? 'ip' : 'ip6';
    const type = family === 4 ? 'icmp type echo-request' : 'icmpv6 type echo-request';
    this.run(
      'pod',
      'nft',
      `add table ${word} vrt; add set ${word} vrt seen { type ipv${family}_addr ; flags dynamic ; }`,
    );
    this.run('pod', 'nft', `add chain ${word} vrt in { type filter hook input priority 0 ; }`);
    this.run('pod', 'nft', `add rule ${word} vrt in ${type} update @seen { ${word} saddr }`);
    this.ping('pod', to);
    const listing = this.run('pod', 'nft', 'list', 'set', word, 'vrt', 'seen');
    this.run('pod', 'nft', 'delete', 'table', word, 'vrt');
    return /elements = { (\S+) }/.exec(listing)?.[1];
  }

  /** What the dataplane keeps: our routes, and nft's tables but those whose elements come with packets. */
  kept(): string {
    const commands = 'ip route show proto 80; ip -6 route show proto 80; nft list ruleset';
    const parts = this.run('node', 'sh', '-c', commands).split(/^(?=table )/m);
    return parts.filter((part) => !/^table \S+ vrouter-neighbors /.test(part)).join('');
  }

  /** Family and name of each table of nft on the node. */
  tables(): readonly string[] {
    return [...this.run('node', 'nft', 'list', 'tables').matchAll(/^table (.*)$/gm)].map(([, name]) => name);
  }

  /** Applies, and waits until this text is there, or is there no more. */
  async apply(wanted: Desired, text: string, present: boolean): Promise<void> {
    this.dataplane.apply(wanted);
    const end = systemClock.now() + PATIENCE;
    while (this.kept().includes(text) !== present && systemClock.now() < end) await sleep(systemClock, 20);
    await this.dataplane.resync();
  }
}
