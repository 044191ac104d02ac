import { type Log, silentLog, VirtualClock } from '../../src/base/index.ts';
import { type Desired, type DesiredPool, NO_TUNNELS } from '../../src/calc/index.ts';
import { createPodInterface, Dataplane, type DataplaneListeners } from '../../src/dataplane/index.ts';
import { deviceNames, formatRoute, type Kernel } from '../../src/netlink/index.ts';
import { FakeMachine } from '../fakes/fake-kernel.ts';
import { FakeNft } from '../fakes/fake-nft.ts';

export const HOST = '/run/netns/host';
/** In how many steps time passes. */
const SLICES = 20;

/** A fake machine with one host: `eth0` with 172.16.0.1/24, up. Its dataplane runs on a virtual clock. */
export class Host {
  readonly machine = new FakeMachine();
  readonly clock = new VirtualClock();
  readonly nft = new FakeNft();
  readonly kernel: Kernel;
  /** Warnings, as they come. */
  readonly warnings: string[] = [];
  readonly log: Log = {
    ...silentLog,
    warn: (_, text) => void this.warnings.push(text),
    child: () => this.log,
  };
  /** Who waits for news of the dataplane. */
  listeners: DataplaneListeners = {};
  dataplane: Dataplane;

  private constructor() {
    this.machine.addNamespace(HOST);
    this.kernel = this.machine.kernel(HOST);
    this.dataplane = this.restarted();
    this.nft.onChange = ({ family, name }, port) =>
      this.machine.namespace(HOST).tell({ kind: 'table', table: { family, name }, port });
  }

  static async create(): Promise<Host> {
    const host = new Host();
    await host.kernel.linkAdd({ kind: 'dummy', name: 'eth0' });
    await host.kernel.linkSet('eth0', { up: true });
    await host.kernel.addressAdd({ dev: 'eth0', address: '172.16.0.1/24' });
    return host;
  }

  /** A new dataplane on the same kernel, as after a crash. It looks at settings only if it is told how often. */
  restarted(lookInterval = 0): Dataplane {
    this.dataplane = new Dataplane({
      kernel: this.machine.kernel(HOST),
      nft: this.nft,
      clock: this.clock,
      log: this.log,
      resyncInterval: 90_000,
      lookInterval,
      onPodMtu: (mtu) => this.listeners.onPodMtu?.(mtu),
      onIpip: () => this.listeners.onIpip?.(),
      onKey: (family, key) => this.listeners.onKey?.(family, key),
    });
    return this.dataplane;
  }

  /** A pod's namespace with its interface, as a CNI request makes it. */
  async addPod(name: string, address: string): Promise<void> {
    const netns = `/run/netns/${name}`;
    this.machine.addNamespace(netns);
    await createPodInterface(this.kernel, {
      interfaceName: `cali${name}`,
      netns,
      ifName: 'eth0',
      addresses: [`${address}/32`],
      mtu: 1500,
      forwarding: false,
      destinations: ['0.0.0.0/0', '::/0'],
      alias: `default/${name}`,
    });
  }

  /** Lets everything that is due happen, also what takes many turns, such as looking, writing and looking again. */
  async settle(milliseconds = 100): Promise<void> {
    for (let slice = 0; slice < SLICES; slice++) {
      await this.clock.advanceAsync(milliseconds / SLICES);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** `ip route` of what is ours. */
  async routes(): Promise<string[]> {
    const names = deviceNames(await this.kernel.linkList());
    const routes = await this.kernel.routeList({ family: 4, protocol: 80 });
    return routes.map((route) => formatRoute(route, names).trim()).sort();
  }

  /** Writes made to the kernel since the last call. */
  writes(): string[] {
    const made = this.machine.calls.filter((call) => /Add|Replace|Delete|Set$/.test(call));
    this.machine.calls.length = 0;
    return made;
  }
}

/** A desired state with blocks (CIDRs) and pods (name → address). */
export function wanted(
  blocks: readonly string[],
  pods: Readonly<Record<string, string>> = {},
  pools: readonly DesiredPool[] = [],
): Desired {
  return {
    bgp: undefined,
    pools,
    tunnels: NO_TUNNELS,
    nat: { hosts: undefined, address: undefined, ports: undefined, outInterface: undefined, floatingIps: [] },
    services: { cidrs: [], loops: 'Drop' },
    spoofing: [],
    store: { tunnelPools: { wireguard: [], wireguardV6: [], ipip: [], vxlan: [], vxlanV6: [] } },
    reachability: undefined,
    policy: undefined,
    host: { forwarding: true, uplinks: undefined, routeSource: {} },
    blocks: blocks.map((cidr) => ({ cidr, inUse: 0, size: cidr.endsWith('/32') ? 1 : 64 })),
    workloads: Object.entries(pods).map(([name, address]) => ({
      key: `default/${name}`,
      interfaceName: `cali${name}`,
      addresses: [`${address}/32`],
      floatingIps: [],
      sourcePrefixes: [],
      why: `endpoint default/${name}`,
    })),
  };
}
