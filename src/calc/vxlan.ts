import { createHash } from 'node:crypto';
import {
  containsAddress,
  containsPrefix,
  formatAddress,
  formatPrefix,
  type Prefix,
  parseAddress,
  parsePrefix,
  tryParsePrefix,
} from '../base/index.ts';
import type { IPAMBlock, Node } from '../model/index.ts';
import type { DesiredPool, DesiredVtep, DesiredVxlan, DesiredVxlanRoute } from './desired.ts';
import type { FelixSettings } from './felix.ts';
import { holdings } from './holdings.ts';
import { nodeAddress } from './node-bgp.ts';

const DEFAULT_VNI = 4096;
export const VXLAN_PORT = 4789;

export interface VxlanInputs {
  readonly nodename: string;
  readonly nodes: ReadonlyMap<string, Node>;
  readonly blocks: ReadonlyMap<string, IPAMBlock>;
  readonly pools: readonly DesiredPool[];
  readonly felix: FelixSettings;
}

/** Calico's MAC for a node's VXLAN device: `66`, then the first five octets of SHA-1 of the node's name (IPv6: with `-v6`). */
export function vtepMac(nodename: string, family: 4 | 6): string {
  const digest = createHash('sha1')
    .update(family === 4 ? nodename : `${nodename}-v6`)
    .digest();
  return ['66', ...[...digest.subarray(0, 5)].map((octet) => octet.toString(16).padStart(2, '0'))].join(':');
}

/** The VXLAN device of one family with all that belongs to it; undefined when no pool of the family wants VXLAN. */
export function desiredVxlan(inputs: VxlanInputs, family: 4 | 6): DesiredVxlan | undefined {
  const pools = inputs.pools
    .filter((pool) => pool.vxlan !== 'Never')
    .map((pool) => ({ pool, prefix: parsePrefix(pool.cidr) }))
    .filter(({ prefix }) => prefix.family === family);
  const node = inputs.nodes.get(inputs.nodename);
  const underlay = nodeAddress(node, family);
  if (node === undefined || pools.length === 0 || underlay === undefined) return undefined;
  const peers = [...inputs.nodes.values()]
    .filter((other) => other.metadata.name !== inputs.nodename)
    .flatMap((other) => vtepOf(other, family))
    .sort((a, b) => (a.node < b.node ? -1 : 1));
  return {
    family,
    vni: inputs.felix.vxlanVNI ?? DEFAULT_VNI,
    port: inputs.felix.vxlanPort ?? VXLAN_PORT,
    underlay,
    address: vtepAddress(node, family),
    mac: ownMac(node, family),
    mtu: (family === 4 ? inputs.felix.vxlanMTU : inputs.felix.vxlanMTUV6) || undefined,
    peers,
    routes: routesTo(inputs, node, pools, new Map(peers.map((peer) => [peer.node, peer]))),
  };
}

function ownMac(node: Node, family: 4 | 6): string {
  const set = family === 4 ? node.spec.vxlanTunnelMACAddr : node.spec.vxlanTunnelMACAddrV6;
  return set?.toLowerCase() || vtepMac(node.metadata.name, family);
}

/** The tunnel address in the one way that the kernel writes it too. */
function vtepAddress({ spec }: Node, family: 4 | 6): string | undefined {
  const text = family === 4 ? spec.ipv4VXLANTunnelAddr : spec.ipv6VXLANTunnelAddr;
  return text ? formatAddress(parseAddress(text)) : undefined;
}

/** A node is reachable by VXLAN once it has both an address of its own and a tunnel address. */
function vtepOf(node: Node, family: 4 | 6): DesiredVtep[] {
  const underlay = nodeAddress(node, family);
  const address = vtepAddress(node, family);
  if (underlay === undefined || address === undefined) return [];
  return [{ node: node.metadata.name, underlay, address, mac: ownMac(node, family) }];
}

interface PoolRange {
  readonly pool: DesiredPool;
  readonly prefix: Prefix;
}

function routesTo(
  inputs: VxlanInputs,
  self: Node,
  pools: readonly PoolRange[],
  peers: ReadonlyMap<string, DesiredVtep>,
): DesiredVxlanRoute[] {
  const routes: DesiredVxlanRoute[] = [];
  for (const { cidr, prefix, node, why } of holdings(inputs.blocks.values())) {
    const peer = peers.get(node);
    const range = pools.find((candidate) => containsPrefix(candidate.prefix, prefix));
    if (peer === undefined || range === undefined) continue;
    const direct = range.pool.vxlan === 'CrossSubnet' && sameSubnet(self, peer.underlay);
    routes.push({ cidr, mode: direct ? 'subnet' : 'tunnel', via: direct ? peer.underlay : peer.address, why });
  }
  return routes.sort((a, b) => (a.cidr < b.cidr ? -1 : 1));
}

/** Whether an address lies in the node's own subnet, as its Node resource states it with its prefix length. */
export function sameSubnet(node: Node, address: string): boolean {
  const subnet = ownSubnet(node, address.includes(':') ? 6 : 4);
  return subnet !== undefined && containsAddress(parsePrefix(subnet), parseAddress(address));
}

/** The subnet of the node's own address as CIDR text; undefined when the Node states no prefix length. */
export function ownSubnet(node: Node | undefined, family: 4 | 6 = 4): string | undefined {
  const text = family === 6 ? node?.spec.bgp?.ipv6Address : node?.spec.bgp?.ipv4Address;
  const subnet = text ? tryParsePrefix(text) : undefined;
  return subnet && formatPrefix(subnet);
}
