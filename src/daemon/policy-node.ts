import { type Address, formatAddress } from '../base/index.ts';
import type { Desired } from '../calc/index.ts';
import type { WhyVerdict } from '../control/index.ts';
import type { Dataplane } from '../dataplane/index.ts';
import type { Kernel } from '../netlink/index.ts';
import { representativesOf } from '../policy/explain/index.ts';
import type { Direction, Endpoint, HostPacket, Packet, World } from '../policy/index.ts';
import { namespaceOf } from './pod-namespace-search.ts';
import { HostView } from './policy-hosts.ts';
import { endOf, type KernelTables, type LocalPod } from './policy-kernel.ts';
import { type BothSaid, betweenPods, type Comparison, compare, onHost } from './policy-verify.ts';
import type { KernelWord } from './policy-why.ts';

export interface NodeSources {
  readonly nodename: string;
  /** The prefix of the names of pods' interfaces. */
  readonly podPrefix: string;
  readonly world: () => World;
  readonly desired: () => Desired;
  readonly kernel: Pick<Kernel, 'routeGet' | 'namespaceId'>;
  readonly dataplane: Pick<Dataplane, 'policy' | 'links'>;
}

/** A pod of this node as policy sees it. */
export interface NodeEndpoint extends LocalPod {
  readonly endpoint: Endpoint;
}

/** The node at one moment: what policy says there, and how packets pass. */
export class NodeLook {
  readonly world: World;
  readonly locals: readonly NodeEndpoint[];
  readonly hosts: HostView;
  readonly #options: NodeSources;
  readonly #here: ReadonlySet<string>;
  /** By address: asked for once. */
  readonly #uplinks = new Map<string, Promise<string | undefined>>();

  constructor(options: NodeSources, locals: readonly NodeEndpoint[]) {
    const { nodename, podPrefix, dataplane } = options;
    const { policy, tunnels } = options.desired();
    this.#options = options;
    this.world = options.world();
    this.locals = locals;
    this.#here = new Set(locals.flatMap(({ addresses }) => addresses.map(formatAddress)));
    this.hosts = new HostView({
      ...{ nodename, podPrefix, world: this.world, policy, tunnels, surroundings: dataplane.policy.surroundings },
      isPodHere: (address) => this.#here.has(formatAddress(address)),
    });
  }

  async onHost(packet: Packet): Promise<HostPacket | undefined> {
    return this.hosts.packetOf(packet, await this.#uplinkTo(packet));
  }

  /** Where the packet would be sent from. */
  async originOf({ source, destination }: Packet): Promise<NonNullable<WhyVerdict['origin']>> {
    const address = formatAddress(source);
    const ends = { sourceAddress: address, destinationAddress: formatAddress(destination) };
    const pod = this.locals.find(({ addresses }) => addresses.some((one) => formatAddress(one) === address));
    if (pod !== undefined) {
      const link = [...this.#options.dataplane.links.values()].find(({ name }) => name === pod.interfaceName);
      const namespace = link && (await namespaceOf(link, { kernel: this.#options.kernel }));
      return { at: 'pod', ...ends, ...(namespace !== undefined && { namespace }) };
    }
    if (this.hosts.isOwn(source)) return { at: 'node', ...ends };
    const node = this.world.podAt(source)?.node ?? this.world.nodesAt(source)[0]?.name;
    return { at: 'elsewhere', ...ends, ...(node !== undefined && { node }) };
  }

  askKernel(packet: Packet, passing: HostPacket | undefined, tables: KernelTables | undefined): KernelWord {
    if (tables === undefined) return { words: 'its tables can not be read here' };
    const { source, destination } = packet;
    const isBetween = tables.isHere(source) && tables.isHere(destination);
    if (passing === undefined && !isBetween) {
      return { words: 'it does not pass this node, or nobody knows by which interface' };
    }
    const way = passing === undefined ? tables.way(packet) : tables.hostWay(passing);
    if (typeof way === 'string') return { words: way };
    return { allowed: way.verdict === 'accept', words: `it would ${way.verdict} it in ${endOf(way)}` };
  }

  comparePod(endpoint: Endpoint, direction: Direction, tables: KernelTables): Promise<Comparison> {
    return compare(representativesOf(this.world, endpoint, direction), (packet) => this.#both(packet, tables));
  }

  /** The node's own traffic by the interface, and what passes there from and to one of its pods. */
  compareHost(interfaceName: string, endpoint: Endpoint, tables: KernelTables): Promise<Comparison> {
    const pods = this.locals.slice(0, 1).flatMap(({ addresses }) => addresses);
    const passing = { ...endpoint, addresses: [...endpoint.addresses, ...pods] };
    const packets = (['ingress', 'egress'] as const).flatMap((way) => representativesOf(this.world, passing, way));
    return compare(packets, (packet) => {
      const passed = this.hosts.packetOf(packet, interfaceName);
      return passed === undefined || passed.interfaceName === '' ? undefined : onHost(this.hosts, passed, tables);
    });
  }

  async #both(packet: Packet, tables: KernelTables): Promise<BothSaid | undefined> {
    const passing = await this.onHost(packet);
    if (passing !== undefined) return onHost(this.hosts, passing, tables);
    const isBetween = tables.isHere(packet.source) && tables.isHere(packet.destination);
    return isBetween ? betweenPods(this.world, packet, tables) : undefined;
  }

  /** The interface by which the packet comes or goes, where one of its ends is elsewhere. */
  async #uplinkTo({ source, destination }: Packet): Promise<string | undefined> {
    const isFar = (address: Address): boolean => !this.#here.has(formatAddress(address)) && !this.hosts.isOwn(address);
    const far = [source, destination].find(isFar);
    if (far === undefined) return undefined;
    const key = formatAddress(far);
    const found = this.#uplinks.get(key) ?? this.#linkTo(key);
    this.#uplinks.set(key, found);
    // Without host endpoints it does not matter by which.
    return (await found) ?? (this.#options.dataplane.policy.surroundings === undefined ? ELSEWHERE : undefined);
  }

  async #linkTo(address: string): Promise<string | undefined> {
    const { kernel, dataplane } = this.#options;
    const route = await kernel.routeGet(address).catch(() => undefined);
    const index = route?.nextHops[0]?.dev;
    return index === undefined ? undefined : dataplane.links.get(index)?.name;
  }
}

/** The interface of what comes from elsewhere, when nobody knows better. */
const ELSEWHERE = 'elsewhere';
