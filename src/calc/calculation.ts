import type {
  BGPConfiguration,
  BGPFilter,
  BGPPeer,
  BlockAffinity,
  FelixConfiguration,
  IPAMBlock,
  IPPool,
  KindName,
  Node,
  ResourceOf,
  WorkloadEndpoint,
} from '../model/index.ts';
import { announcements, ownBlocks } from './blocks.ts';
import { type Desired, type DesiredBgp, type DesiredTunnels, NO_TUNNELS } from './desired.ts';
import { type FelixSettings, felixSettings } from './felix.ts';
import { desiredHost } from './host.ts';
import { allHosts } from './hosts.ts';
import { desiredNat, desiredServices } from './nat.ts';
import { listenAddresses, listenPort, nodeAddress, nodeAsn, routePriorities } from './node-bgp.ts';
import { desiredPeers, peerProblems } from './peers.ts';
import { desiredPools } from './pools.ts';
import { desiredVxlan, ownSubnet, VXLAN_PORT } from './vxlan.ts';
import { desiredWireguard } from './wireguard.ts';
import { desiredSpoofing, desiredWorkloads } from './workloads.ts';

/** Kinds that the calculation wants to hear of. */
export const INPUT_KINDS = [
  'Node',
  'BGPConfiguration',
  'BGPPeer',
  'BGPFilter',
  'FelixConfiguration',
  'IPPool',
  'BlockAffinity',
  'IPAMBlock',
  'WorkloadEndpoint',
] as const satisfies readonly KindName[];
export type InputKind = (typeof INPUT_KINDS)[number];

/** One object as it is now, or `undefined` when it is gone. The shape that the datastore's syncer delivers. */
export interface Update {
  readonly key: { readonly kind: KindName; readonly name: string; readonly namespace?: string | undefined };
  readonly resource: ResourceOf<KindName> | undefined;
}

const SECTIONS = ['peers', 'blocks', 'workloads', 'pools', 'tunnels', 'nat', 'services', 'spoofing', 'host'] as const;
type Section = (typeof SECTIONS)[number];

/** Which sections of the desired state an object of each kind can change. */
const AFFECTS: Readonly<Record<InputKind, readonly Section[]>> = {
  Node: ['peers', 'tunnels', 'nat'],
  BGPConfiguration: ['peers', 'services'],
  BGPPeer: ['peers'],
  BGPFilter: ['peers'],
  FelixConfiguration: ['workloads', 'tunnels', 'nat', 'services', 'spoofing', 'host'],
  IPPool: ['pools', 'tunnels'],
  BlockAffinity: ['blocks'],
  IPAMBlock: ['blocks', 'tunnels'],
  WorkloadEndpoint: ['workloads', 'nat', 'spoofing'],
};

export interface CalculationOptions {
  readonly nodename: string;
  /** A dotted quad; absent for the node's IPv4 address. */
  readonly routerId?: string | undefined;
  /** What a node goes by that has an IPv6 address alone. */
  readonly spareRouterId?: string;
  /** False where VXLAN carries everything. */
  readonly bgp?: boolean;
}

/**
 * The brain: remembers the resources and works out what this node should be. Pure and synchronous. `apply` only
 * notes; `desired` works out again those sections that something has changed for.
 */
export class Calculation {
  readonly #nodename: string;
  readonly #routerId: string | undefined;
  readonly #spareRouterId: string | undefined;
  readonly #withBgp: boolean;
  readonly #stored: { readonly [Kind in InputKind]: Map<string, ResourceOf<Kind>> } = {
    Node: new Map<string, Node>(),
    BGPConfiguration: new Map<string, BGPConfiguration>(),
    BGPPeer: new Map<string, BGPPeer>(),
    BGPFilter: new Map<string, BGPFilter>(),
    FelixConfiguration: new Map<string, FelixConfiguration>(),
    IPPool: new Map<string, IPPool>(),
    BlockAffinity: new Map<string, BlockAffinity>(),
    IPAMBlock: new Map<string, IPAMBlock>(),
    WorkloadEndpoint: new Map<string, WorkloadEndpoint>(),
  };
  readonly #dirty = new Set<Section>(SECTIONS);
  #desired: Desired = {
    bgp: undefined,
    blocks: [],
    workloads: [],
    pools: [],
    tunnels: NO_TUNNELS,
    nat: desiredNat({}, new Map(), []),
    services: { cidrs: [], loops: 'Drop' },
    spoofing: [],
    host: desiredHost({}),
  };
  #texts = new Map<string, string>();

  constructor(options: CalculationOptions) {
    this.#spareRouterId = options.spareRouterId;
    this.#nodename = options.nodename;
    this.#routerId = options.routerId;
    this.#withBgp = options.bgp ?? true;
  }

  apply(updates: readonly Update[]): void {
    for (const { key, resource } of updates) {
      if (isInput(key.kind)) this.#store(key.kind, key.namespace ? `${key.namespace}/${key.name}` : key.name, resource);
    }
  }

  /** What this node should be, given all that was applied. */
  desired(): Desired {
    if (this.#dirty.size === 0) return this.#desired;
    const before = this.#desired;
    const pools = this.#section('pools', before.pools, () => desiredPools(this.#stored.IPPool));
    const blocks = this.#section('blocks', before.blocks, () =>
      ownBlocks(this.#nodename, this.#stored.BlockAffinity, this.#stored.IPAMBlock),
    );
    const workloads = this.#section('workloads', before.workloads, () =>
      desiredWorkloads(this.#nodename, this.#stored.WorkloadEndpoint, this.#felix()),
    );
    const tunnels = this.#section('tunnels', before.tunnels, () => this.#tunnels(pools));
    const { BGPConfiguration: bgpConfigurations, Node: nodes } = this.#stored;
    const nat = this.#section('nat', before.nat, () => desiredNat(this.#felix(), nodes, workloads));
    const services = this.#section('services', before.services, () =>
      desiredServices(this.#felix(), bgpConfigurations),
    );
    const spoofing = this.#section('spoofing', before.spoofing, () => desiredSpoofing(workloads));
    const host = this.#section('host', before.host, () => desiredHost(this.#felix()));
    const bgp = this.#bgp(blocks, workloads, pools);
    this.#dirty.clear();
    this.#desired = Object.freeze({ bgp, blocks, workloads, pools, tunnels, nat, services, spoofing, host });
    return this.#desired;
  }

  /** Of all that was applied, what this node's state depends on: other nodes' pods never do, their blocks with VXLAN. */
  inputs(): readonly ResourceOf<InputKind>[] {
    const { WorkloadEndpoint: workloads, IPAMBlock: blocks, ...others } = this.#stored;
    const withVxlan = this.desired().pools.some(({ vxlan }) => vxlan !== 'Never');
    const own = `host:${this.#nodename}`;
    return [
      ...Object.values(others).flatMap((stored): ResourceOf<InputKind>[] => [...stored.values()]),
      ...[...blocks.values()].filter(({ spec }) => withVxlan || spec.affinity === own),
      ...[...workloads.values()].filter(({ spec }) => spec.node === this.#nodename),
    ];
  }

  /** The node's own Node resource, as last seen. */
  get node(): Node | undefined {
    return this.#stored.Node.get(this.#nodename);
  }

  #felix(): FelixSettings {
    return felixSettings(this.#nodename, this.#stored.FelixConfiguration);
  }

  #tunnels(pools: Desired['pools']): DesiredTunnels {
    const { Node: nodes, IPAMBlock: blocks } = this.#stored;
    const inputs = { nodename: this.#nodename, nodes, blocks, pools, felix: this.#felix() };
    const wantsIpip = pools.some((pool) => pool.ipip !== 'Never');
    const [vxlan4, vxlan6] = [desiredVxlan(inputs, 4), desiredVxlan(inputs, 6)];
    const encapsulates = wantsIpip || vxlan4 !== undefined || vxlan6 !== undefined;
    return {
      ipip: wantsIpip
        ? {
            address: this.node?.spec.bgp?.ipv4IPIPTunnelAddr || undefined,
            subnet: ownSubnet(this.node),
            mtu: this.#felix().ipipMTU || undefined,
          }
        : undefined,
      vxlan4,
      vxlan6,
      wireguard4: desiredWireguard(inputs, 4),
      wireguard6: desiredWireguard(inputs, 6),
      hosts: encapsulates ? allHosts(this.#felix(), nodes) : [],
      fromPods: {
        ipip: this.#felix().allowIPIPPacketsFromWorkloads ?? false,
        vxlan: this.#felix().allowVXLANPacketsFromWorkloads ?? false,
        vxlanPort: this.#felix().vxlanPort ?? VXLAN_PORT,
      },
    };
  }

  #bgp(blocks: Desired['blocks'], workloads: Desired['workloads'], pools: Desired['pools']): DesiredBgp | undefined {
    const { node } = this;
    const before = this.#desired.bgp;
    const spare = nodeAddress(node, 6) === undefined ? undefined : this.#spareRouterId;
    const id = this.#routerId ?? nodeAddress(node, 4) ?? spare;
    if (!this.#withBgp || node === undefined || id === undefined) return undefined;
    const announce = this.#kept('announce', before?.announce, announcements(blocks, workloads, pools));
    if (before !== undefined && !this.#dirty.has('peers')) {
      return announce === before.announce ? before : { ...before, announce };
    }
    const { BGPConfiguration: configurations, BGPPeer: peers, BGPFilter, Node: nodes } = this.#stored;
    const inputs = { nodename: this.#nodename, nodes, configurations, peers };
    return {
      asn: nodeAsn(node, configurations),
      routerId: id,
      listenPort: listenPort(this.#nodename, configurations),
      listenAddresses: listenAddresses(node, configurations),
      peers: this.#kept('peers', before?.peers, desiredPeers(inputs)),
      problems: this.#kept('problems', before?.problems, peerProblems(inputs)),
      priorities: this.#kept('priorities', before?.priorities, routePriorities(configurations)),
      announce,
      filters: this.#kept('filters', before?.filters, new Map(BGPFilter), (filters) => JSON.stringify([...filters])),
    };
  }

  #section<T>(section: Section, before: T, work: () => T): T {
    return this.#dirty.has(section) ? this.#kept(section, before, work()) : before;
  }

  /** The former value when the new one says the same, so that identity means "nothing changed". */
  #kept<T>(name: string, before: T | undefined, now: T, text: (value: T) => string = JSON.stringify): T {
    const saying = text(now);
    if (before !== undefined && this.#texts.get(name) === saying) return before;
    this.#texts.set(name, saying);
    return now;
  }

  #store<Kind extends InputKind>(kind: Kind, key: string, resource: ResourceOf<KindName> | undefined): void {
    const stored: Map<string, ResourceOf<InputKind>> = this.#stored[kind];
    if (resource === undefined) stored.delete(key);
    else stored.set(key, resource as ResourceOf<InputKind>);
    for (const section of AFFECTS[kind]) this.#dirty.add(section);
  }
}

function isInput(kind: KindName): kind is InputKind {
  return (INPUT_KINDS as readonly string[]).includes(kind);
}
