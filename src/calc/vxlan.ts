import { hash } from 'node:crypto';
import {
  containsAddress,
  containsPrefix,
  Entries,
  type Family,
  formatAddress,
  formatPrefix,
  parseAddress,
  parsePrefix,
  tryParsePrefix,
} from '../base/index.ts';
import type { Node } from '../model/index.ts';
import type { DesiredPool, DesiredVtep, DesiredVxlan, DesiredVxlanRoute } from './desired/index.ts';
import { isVxlan } from './encapsulation.ts';
import type { FelixSettings } from './felix.ts';
import type { Holding } from './holdings.ts';
import { nodeAddress } from './node-bgp.ts';

const DEFAULT_VNI = 4096;
export const VXLAN_PORT = 4789;

/** Calico's MAC for a node's VXLAN device: `66`, then the first five octets of SHA-1 of the node's name (IPv6: with `-v6`). */
export function vtepMac(nodename: string, family: Family): string {
  const digest = hash('sha1', family === 4 ? nodename : `${nodename}-v6`);
  return `66:${digest.slice(0, 10).match(/../g)?.join(':')}`;
}

/** A pool whose blocks go through VXLAN, and how. */
export interface VxlanRange {
  readonly cidr: string;
  readonly mode: 'Always' | 'CrossSubnet';
  /** The pool is IPIP's now: only what `tunl0` can't carry yet goes through VXLAN. */
  readonly leaving?: true;
}

/** The pools of the family that want VXLAN; and those of IPIP while some node is reached only by VXLAN. */
export function vxlanRanges(
  pools: readonly DesiredPool[],
  family: Family,
  onlyByVxlan: Entries<string> = Entries.of(),
): VxlanRange[] {
  return pools.flatMap(({ cidr, encapsulation }): VxlanRange[] => {
    if (encapsulation === 'none' || parsePrefix(cidr).family !== family) return [];
    const mode = encapsulation.endsWith('cross-subnet') ? 'CrossSubnet' : 'Always';
    if (isVxlan(encapsulation)) return [{ cidr, mode }];
    return onlyByVxlan.size === 0 ? [] : [{ cidr, mode, leaving: true }];
  });
}

/** The VXLAN device of one family with all that belongs to it; undefined when no pool of the family wants VXLAN. */
export function desiredVxlan(
  family: Family,
  node: Node | undefined,
  felix: FelixSettings,
  ranges: readonly VxlanRange[],
  { peers, routes }: Pick<DesiredVxlan, 'peers' | 'routes'>,
): DesiredVxlan | undefined {
  const underlay = nodeAddress(node, family);
  if (node === undefined || underlay === undefined) return undefined;
  // A node that has no tunnel address any more, or never had one, does not begin with a pool that is leaving.
  if (!ranges.some(({ leaving }) => !leaving || vtepAddress(node, family) !== undefined)) return undefined;
  return {
    family,
    vni: felix.vxlanVNI ?? DEFAULT_VNI,
    port: felix.vxlanPort ?? VXLAN_PORT,
    underlay,
    address: vtepAddress(node, family),
    mac: ownMac(node, family),
    mtu: (family === 4 ? felix.vxlanMTU : felix.vxlanMTUV6) || undefined,
    peers,
    routes,
  };
}

function ownMac(node: Node, family: Family): string {
  const set = family === 4 ? node.spec.vxlanTunnelMACAddr : node.spec.vxlanTunnelMACAddrV6;
  return set?.toLowerCase() || vtepMac(node.metadata.name, family);
}

/** The tunnel address in the one way that the kernel writes it too. */
function vtepAddress({ spec }: Node, family: Family): string | undefined {
  const text = family === 4 ? spec.ipv4VXLANTunnelAddr : spec.ipv6VXLANTunnelAddr;
  return text ? formatAddress(parseAddress(text)) : undefined;
}

/** A node is reachable by VXLAN once it has both an address of its own and a tunnel address. */
export function vtepOf(node: Node, family: Family): DesiredVtep | undefined {
  const underlay = nodeAddress(node, family);
  const address = vtepAddress(node, family);
  if (underlay === undefined || address === undefined) return undefined;
  return { node: node.metadata.name, underlay, address, mac: ownMac(node, family) };
}

/** The way to what another node holds; undefined where no pool wants VXLAN for it, or its node can't be reached so. */
export function vxlanRoute(
  { cidr, prefix, why }: Holding,
  self: Node | undefined,
  ranges: readonly VxlanRange[],
  peer: DesiredVtep | undefined,
  isOnlyByVxlan = false,
): DesiredVxlanRoute | undefined {
  const range = ranges.find((candidate) => containsPrefix(parsePrefix(candidate.cidr), prefix));
  if (peer === undefined || range === undefined || (range.leaving && !isOnlyByVxlan)) return undefined;
  const direct = range.mode === 'CrossSubnet' && self !== undefined && sameSubnet(self, peer.underlay);
  return { cidr, mode: direct ? 'subnet' : 'tunnel', via: direct ? peer.underlay : peer.address, why };
}

/** Whether an address lies in the node's own subnet, as its Node resource states it with its prefix length. */
export function sameSubnet(node: Node, address: string): boolean {
  const subnet = ownSubnet(node, address.includes(':') ? 6 : 4);
  return subnet !== undefined && containsAddress(parsePrefix(subnet), parseAddress(address));
}

/** The subnet of the node's own address as CIDR text; undefined when the Node states no prefix length. */
export function ownSubnet(node: Node | undefined, family: Family = 4): string | undefined {
  const text = family === 6 ? node?.spec.bgp?.ipv6Address : node?.spec.bgp?.ipv4Address;
  const subnet = text ? tryParsePrefix(text) : undefined;
  return subnet && formatPrefix(subnet);
}
