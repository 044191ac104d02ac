import { execFileSync } from 'node:child_process';
import { type Clock, type Log, silentLog, sleep, systemClock } from '../../src/base/index.ts';
import { type Desired, type DesiredVxlan, NO_TUNNELS } from '../../src/calc/index.ts';
import { Dataplane } from '../../src/dataplane/index.ts';
import { type Kernel, openKernel } from '../../src/netlink/index.ts';
import { type Nft, openNft } from '../../src/nftables/index.ts';
import { pool } from '../calc/pool.ts';
import { byCidr, hostsOf, listed, vtep, vxlan as vxlanTo } from '../calc/tunnels.ts';
import { wanted } from './host.ts';

/** Milliseconds for which something that should come about is waited for, beside a busy test. */
const PATIENCE = 30_000;

const BARE = `
for link in vxlan.calico eth0 caliweb; do ip link delete $link 2>/dev/null; done
ip route flush proto 80 2>/dev/null
ip route flush type blackhole proto 80 2>/dev/null
sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0
ip -batch - <<END
link set lo up
link add eth0 type veth peer name cable
link set cable up
link set eth0 up
addr add 172.16.0.1/24 dev eth0
link add caliweb type veth peer name web
link set caliweb up
link set web up
END
`;
const DUMP = `exec 2>&1
ip -br link show type vxlan
ip -br -4 address show
ip route show proto 80 | sort
ip neigh show nud permanent | sort
bridge fdb show dev vxlan.calico | sort
cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/conf/caliweb/proxy_arp
`;

/** A namespace of the real kernel as a node: `eth0` with 172.16.0.1/24, and the host end `caliweb` of a pod. */
export class RealHost {
  readonly namespace: string;
  readonly kernel: Kernel;
  readonly nft: Nft;

  private constructor(namespace: string, kernel: Kernel, nft: Nft) {
    this.namespace = namespace;
    this.kernel = kernel;
    this.nft = nft;
  }

  /** Opens the namespace at this path; `nft` may stand in for the real one. */
  static async open(namespace: string, nft = openNft({ namespace })): Promise<RealHost> {
    return new RealHost(namespace, await openKernel({ namespace }), nft);
  }

  /** The node as it is before any dataplane has been here. Making a namespace anew takes a busy kernel much longer. */
  furnish(): void {
    this.run(['sh', '-s'], BARE);
  }

  /** Runs ip(8) in the namespace, a command for each argument. */
  ip(...commands: readonly string[]): void {
    this.run(['ip', '-batch', '-'], commands.join('\n'));
  }

  run(command: readonly string[], input = ''): string {
    const options = { input, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 } as const;
    return execFileSync('nsenter', [`--net=${this.namespace}`, '--', ...command], options);
  }

  /** A dataplane on the real kernel, or on what stands in for it. */
  static dataplane(kernel: Kernel, nft: Nft, clock: Clock = systemClock, log: Log = silentLog): Dataplane {
    return new Dataplane({ kernel, nft, clock, log, resyncInterval: 0, lookInterval: 0 });
  }

  /** All that a dataplane keeps here, as ip(8), bridge(8) and nft print it, without what changes by itself. */
  async dump(): Promise<string> {
    const lines = this.run(['sh', '-s'], DUMP).split('\n');
    const tables: string[] = [];
    for (const name of ['vrouter-nat', 'vrouter-tunnels', 'vrouter-encapsulation', 'vrouter-services']) {
      const { rules = [], sets = [] } = (await this.nft.list({ family: 'ip', name })) ?? {};
      tables.push(...rules.map(({ comment }) => `${name} ${comment}`));
      tables.push(...sets.map((set) => `${name} ${set.name} ${set.elements.toSorted()}`));
    }
    return [...lines.map((line) => line.trim()), ...tables].join('\n');
  }

  /** Waits until the dump is this; resolves with the last one, for comparison. */
  async until(expected: string): Promise<string> {
    const end = systemClock.now() + PATIENCE;
    for (;;) {
      const found = await this.dump();
      if (found === expected || systemClock.now() > end) return found;
      await sleep(systemClock, 20);
    }
  }

  close(): void {
    this.kernel.close();
  }
}

const POOL = pool('10.244.0.0/16', { encapsulation: 'vxlan-cross-subnet', natOutgoing: true });

/** VXLAN to the nodes with these numbers. Node 3 needs no tunnel: packets for it leave by `eth0` as they are. */
function vxlan(...numbers: readonly number[]): DesiredVxlan {
  const made = vxlanTo(numbers.map((number) => vtep(`node${number}`, number)));
  const direct = made.peers.get('node3');
  return {
    ...made,
    routes: byCidr(
      listed(made.routes).map((route) =>
        route.via === direct?.address ? { ...route, mode: 'subnet', via: direct.underlay } : route,
      ),
    ),
  };
}

function hosts(...numbers: readonly number[]): readonly string[] {
  return numbers.map((number) => `${vtep('', number).underlay}/32`);
}

export type StateName = 'before' | 'after';
/**
 * Two states of a node: between them a block comes, one node goes and another comes, and services are told.
 */
export const STATES: Readonly<Record<StateName, Desired>> = {
  before: {
    ...wanted(['10.244.1.0/26'], { web: '10.244.1.2' }, [POOL]),
    tunnels: { ...NO_TUNNELS, vxlan4: vxlan(2, 3), hosts: hostsOf(...hosts(1, 2, 3)) },
  },
  after: {
    ...wanted(['10.244.1.0/26', '10.244.9.0/26'], { web: '10.244.1.2' }, [POOL]),
    tunnels: { ...NO_TUNNELS, vxlan4: vxlan(2, 4), hosts: hostsOf(...hosts(1, 2, 4)) },
    services: { cidrs: ['10.96.0.0/12'], loops: 'Drop' },
  },
};
