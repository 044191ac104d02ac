import { type Address, formatAddress, parseAddress, parsePrefix } from '../base/index.ts';
import type { DesiredPolicy, DesiredTunnels } from '../calc/index.ts';
import type { HostSurroundings } from '../dataplane/index.ts';
import {
  DEFAULT_FAILSAFES,
  type Direction,
  type Endpoint,
  type HostPacket,
  type HostPath,
  type HostSettings,
  type HostVerdict,
  hostInterfaces,
  isInOneOf,
  judgeOnHost,
  LOOPBACK,
  type Packet,
  type World,
} from '../policy/index.ts';

export interface NodeOfPolicy {
  readonly nodename: string;
  readonly world: World;
  readonly policy: DesiredPolicy | undefined;
  readonly tunnels: DesiredTunnels;
  /** Undefined where no host endpoint is. */
  readonly surroundings: HostSurroundings | undefined;
  readonly podPrefix: string;
  /** Whether a pod of this node has the address. */
  readonly isPodHere: (address: Address) => boolean;
}

/**
 * The node itself as policy sees it: its own addresses, its interfaces with their host endpoints, and how packets pass.
 */
export class HostView {
  readonly #node: NodeOfPolicy;
  readonly #settings: HostSettings;
  readonly #own = new Set<string>();
  readonly #endpoints: ReadonlyMap<string, Endpoint>;

  constructor(node: NodeOfPolicy) {
    const { nodename, world, policy, surroundings } = node;
    this.#node = node;
    const links = surroundings?.links ?? new Map<string, readonly string[]>();
    this.#endpoints = new Map(
      world.endpoints.flatMap((one) => (one.kind === 'host' && one.node === nodename ? [[one.name, one]] : [])),
    );
    const claims = [...this.#endpoints].map(([name, { interfaceName, addresses }]) => {
      return [name, { interfaceName, addresses: addresses.map(formatAddress) }] as const;
    });
    for (const addresses of links.values()) for (const one of addresses) this.#own.add(one);
    const { inbound, outbound } = policy?.hosts?.failsafes ?? DEFAULT_FAILSAFES;
    this.#settings = {
      node: nodename,
      failsafeInbound: inbound,
      failsafeOutbound: outbound,
      // Without policy there is no table that would drop anything.
      defaultEndpointToHostAction: policy === undefined ? 'Accept' : (policy.endpointToHost ?? 'Drop'),
      interfaces: hostInterfaces(claims, links),
      isTunnel: (packet, direction) => this.#isTunnel(packet, direction),
    };
  }

  /**
   * How the packet passes this node, where it does by another way than from pod to pod; `uplink` is where it leaves to
   * elsewhere.
   */
  packetOf(packet: Packet, uplink: string | undefined): HostPacket | undefined {
    const path = this.#pathOf(packet);
    if (path === undefined) return undefined;
    const interfaceName = path === 'pod-to-host' || path === 'host-to-pod' ? '' : uplink;
    return interfaceName === undefined ? undefined : { ...packet, path, interfaceName };
  }

  judge(packet: HostPacket): HostVerdict {
    return judgeOnHost(this.#node.world, packet, this.#settings);
  }

  isOwn(address: Address): boolean {
    const { world, nodename } = this.#node;
    return this.#own.has(formatAddress(address)) || world.nodesAt(address).some(({ name }) => name === nodename);
  }

  /** Interfaces that have a host endpoint, each with the addresses that they have. */
  *interfaces(): Iterable<readonly [interfaceName: string, endpoint: Endpoint]> {
    const { own, others } = this.#settings.interfaces!;
    for (const [name, texts] of this.#node.surroundings?.links ?? []) {
      const claimed = own.get(name) ?? (name === LOOPBACK || this.#isPods(name) ? undefined : others);
      const endpoint = claimed === undefined ? undefined : this.#endpoints.get(claimed);
      // An address of the link alone leads nowhere in particular.
      const addresses = texts.filter((text) => !text.startsWith('fe80')).map((text) => parseAddress(text));
      if (endpoint !== undefined && addresses.length > 0) yield [name, { ...endpoint, addresses }];
    }
  }

  #isPods(interfaceName: string): boolean {
    return interfaceName.startsWith(this.#node.podPrefix);
  }

  #pathOf({ source, destination }: Packet): HostPath | undefined {
    const { isPodHere } = this.#node;
    const [fromPod, toPod] = [isPodHere(source), isPodHere(destination)];
    if (fromPod && toPod) return undefined;
    if (fromPod) return this.isOwn(destination) ? 'pod-to-host' : 'forward-out';
    if (toPod) return this.isOwn(source) ? 'host-to-pod' : 'forward-in';
    const [fromHere, toHere] = [this.isOwn(source), this.isOwn(destination)];
    // Packets of the host to itself pass no interface but the loopback.
    if (fromHere === toHere) return undefined;
    return fromHere ? 'out' : 'in';
  }

  /** As the hooks let tunnels between nodes through: VXLAN and IPIP by their far end, WireGuard by its port. */
  #isTunnel({ protocol, source, destination, sourcePort, destinationPort }: Packet, direction: Direction): boolean {
    const { tunnels } = this.#node;
    const { family } = source;
    const [vxlan, wireguard] =
      family === 4 ? [tunnels.vxlan4, tunnels.wireguard4] : [tunnels.vxlan6, tunnels.wireguard6];
    if (wireguard !== undefined && protocol === UDP) {
      if ((direction === 'ingress' ? destinationPort : sourcePort) === wireguard.listenPort) return true;
    }
    const isIpip = family === 4 && tunnels.ipip !== undefined && protocol === IPIP;
    const isVxlan = vxlan !== undefined && protocol === UDP && destinationPort === vxlan.port;
    if (!isIpip && !isVxlan) return false;
    const far = direction === 'ingress' ? source : destination;
    const nodes = tunnels.hosts[family];
    return (
      nodes.get(formatAddress(far)) !== undefined ||
      isInOneOf(
        far,
        [...nodes.values()].map((cidr) => parsePrefix(cidr)),
      )
    );
  }
}

const [IPIP, UDP] = [4, 17];
