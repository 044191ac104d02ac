import { isDeepStrictEqual } from 'node:util';
import { type Clock, formatAddress, type Log, tryParseAddress } from '../base/index.ts';
import type { DesiredStore } from '../calc/index.ts';
import type { Update } from '../datastore/index.ts';
import { type Ipam, tunnelAddress } from '../ipam/index.ts';
import type { Node, TunnelAddressKind } from '../model/index.ts';
import { type Attempt, Kept } from './kept.ts';
import type { KnownNodes } from './known-nodes.ts';

/** The tunnels whose addresses are looked after, in the order in which they are given. */
const KINDS: readonly TunnelAddressKind[] = ['wireguard', 'wireguardV6', 'ipip', 'vxlan', 'vxlanV6'];
type Kind = TunnelAddressKind;

export interface TunnelAddressesOptions {
  readonly nodename: string;
  readonly nodes: KnownNodes;
  readonly ipam: Ipam;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether the tunnel's device is there: others send to an address as soon as the Node has it. */
  readonly isReady?: ((kind: Kind) => boolean) | undefined;
}

/** IPAM is asked again this often whether the addresses are the tunnels' still, in milliseconds. */
const PERIOD = 10 * 60_000;

/**
 * Gives the node an address for each tunnel that some pool asks for, or that encrypts, and writes it into the Node,
 * where all nodes read it. What is valid is kept; what is not is replaced; what nobody asks for any more goes back. A
 * crash between the two objects is put right at the next look: an address that the Node has but IPAM does not know as
 * the tunnel's is replaced.
 */
export class TunnelAddresses {
  readonly #options: TunnelAddressesOptions;
  readonly #kept: Kept;
  #pools: DesiredStore['tunnelPools'] | undefined;
  /** The parts of our own Node at the last look. */
  #seen: unknown;

  constructor(options: TunnelAddressesOptions) {
    this.#options = options;
    const { clock, log } = options;
    const retry = { first: 500, max: 60_000 };
    this.#kept = new Kept({ clock, log, look: (attempt) => this.#look(attempt), period: PERIOD, retry });
  }

  /** From which pools the addresses may come. The same again does nothing. */
  want(pools: DesiredStore['tunnelPools']): void {
    if (pools === this.#pools) return;
    this.#pools = pools;
    this.#kept.soon();
  }

  /** Takes in a syncer's batch: the own Node matters, and of that not kubelet's heartbeats. */
  apply(batch: readonly Update[]): void {
    const own = batch.findLast(({ key }) => key.kind === 'Node' && key.name === this.#options.nodename);
    if (own === undefined || isDeepStrictEqual(matter(own.resource as Node | undefined), this.#seen)) return;
    this.#kept.soon();
  }

  /** A tunnel's device has become usable. */
  deviceReady(): void {
    this.#kept.soon();
  }

  /** Pools and nodes are known from now on. */
  begin(): void {
    this.#kept.begin();
  }

  /** Waits for what is under way, so that no address is left between the two objects. */
  stop(): Promise<void> {
    return this.#kept.stop();
  }

  /** Why a tunnel has no address. */
  problems(): readonly string[] {
    return this.#kept.problems();
  }

  async #look(attempt: Attempt): Promise<void> {
    const pools = this.#pools;
    if (pools === undefined) return;
    for (const kind of KINDS) await attempt(`tunnel address (${kind})`, () => this.#keep(kind, pools[kind]));
    this.#seen = matter(this.#options.nodes.known);
  }

  async #keep(kind: Kind, pools: readonly string[]): Promise<void> {
    const { nodename, nodes, ipam, log } = this.#options;
    const node = await nodes.own();
    if (node === undefined) return;
    const text = addressOf(node, kind);
    const current = text === undefined ? undefined : tryParseAddress(text);
    if (text === undefined && this.#options.isReady?.(kind) === false) return;
    const placeless = kind === 'ipip' && node.spec.bgp?.ipv4Address === undefined;
    if (placeless && text === undefined) return;
    const given = await tunnelAddress(ipam, pools, nodename, kind, current);
    if (given === undefined ? text === undefined : given.value === current?.value) return;
    const address = given && formatAddress(given);
    await nodes.change((now) =>
      addressOf(now, kind) === address ? undefined : { ...now, spec: withAddress(now.spec, kind, address) },
    );
    log.info({ kind, address, before: text }, 'tunnel address');
  }
}

/** The parts of a Node that its tunnels' addresses depend on. */
function matter(node: Node | undefined): unknown {
  return node && { uid: node.metadata.uid, spec: node.spec };
}

function addressOf({ spec }: Node, kind: Kind): string | undefined {
  return addressesOf(spec)[kind] || undefined;
}

function addressesOf(spec: Node['spec']): Record<Kind, string | undefined> {
  return {
    ipip: spec.bgp?.ipv4IPIPTunnelAddr,
    vxlan: spec.ipv4VXLANTunnelAddr,
    vxlanV6: spec.ipv6VXLANTunnelAddr,
    wireguard: spec.wireguard?.interfaceIPv4Address,
    wireguardV6: spec.wireguard?.interfaceIPv6Address,
  };
}

/** The Node's spec with the tunnel's address, or without one. A node without BGP addresses has no place for IPIP's. */
function withAddress(spec: Node['spec'], kind: Kind, address: string | undefined): Node['spec'] {
  const { bgp, ipv4VXLANTunnelAddr: _, ipv6VXLANTunnelAddr: __, wireguard: ___, ...rest } = spec;
  const { ipv4IPIPTunnelAddr: ____, ...others } = bgp ?? {};
  const addresses = addressesOf(spec);
  addresses[kind] = address;
  const { ipip, vxlan, vxlanV6, wireguard, wireguardV6 } = addresses;
  return {
    ...rest,
    ...(bgp && { bgp: { ...others, ...(ipip && { ipv4IPIPTunnelAddr: ipip }) } }),
    ...(vxlan && { ipv4VXLANTunnelAddr: vxlan }),
    ...(vxlanV6 && { ipv6VXLANTunnelAddr: vxlanV6 }),
    ...((wireguard || wireguardV6) && {
      wireguard: {
        ...(wireguard && { interfaceIPv4Address: wireguard }),
        ...(wireguardV6 && { interfaceIPv6Address: wireguardV6 }),
      },
    }),
  };
}
