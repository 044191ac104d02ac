import {
  containsPrefix,
  formatPrefix,
  hostPrefix,
  isWireguardKey,
  type Prefix,
  parseAddress,
  parseDuration,
} from '../base/index.ts';
import type { IPAMBlock, Node } from '../model/index.ts';
import type { DesiredWireguard, DesiredWireguardPeer, DesiredWireguardRoute } from './desired.ts';
import type { FelixSettings } from './felix.ts';
import { type Holding, holdings } from './holdings.ts';
import { nodeAddress } from './node-bgp.ts';

const DEFAULTS = {
  4: { device: 'wireguard.cali', port: 51820 },
  6: { device: 'wg-v6.cali', port: 51821 },
} as const;
const DEFAULT_PRIORITY = 99;
const DEFAULT_TABLES = [{ min: 1, max: 250 }] as const;
const DEFAULT_MARKS = 0xffff0000;
/** Which of the marks, from the lowest bit on: Calico gives those below to accept, pass and its two scratch bits and drop. */
const MARK_INDEX = 4;

export interface WireguardInputs {
  readonly nodename: string;
  readonly nodes: ReadonlyMap<string, Node>;
  readonly blocks: ReadonlyMap<string, IPAMBlock>;
  readonly felix: FelixSettings;
}

/** WireGuard of one family with all that belongs to it; undefined when it is off, or the node has no address there. */
export function desiredWireguard(inputs: WireguardInputs, family: 4 | 6): DesiredWireguard | undefined {
  const { felix, nodes, nodename } = inputs;
  const underlay = nodeAddress(nodes.get(nodename), family);
  if (!enabled(felix, family) || underlay === undefined) return undefined;
  const listenPort = (family === 4 ? felix.wireguardListeningPort : felix.wireguardListeningPortV6) || undefined;
  const port = listenPort ?? DEFAULTS[family].port;
  const hostEncryption = felix.wireguardHostEncryptionEnabled ?? false;
  const placed = places(inputs, family, hostEncryption);
  const standing = standings(inputs, family);
  return {
    family,
    device: (family === 4 ? felix.wireguardInterfaceName : felix.wireguardInterfaceNameV6) || DEFAULTS[family].device,
    underlay,
    address: hostEncryption ? underlay : interfaceAddress(nodes.get(nodename), family),
    mtu: (family === 4 ? felix.wireguardMTU : felix.wireguardMTUV6) || undefined,
    listenPort: port,
    mark: markOf(felix),
    rulePriority: felix.wireguardRoutingRulePriority ?? DEFAULT_PRIORITY,
    tables: felix.routeTableRanges ?? DEFAULT_TABLES,
    hostEncryption,
    peers: peersOf(placed, standing, port, Math.ceil((parseDuration(felix.wireguardKeepAlive ?? '0') ?? 0) / 1000)),
    routes: placed.map((place) => routeTo(place, standing.get(place.node), nodename)),
  };
}

function enabled(felix: FelixSettings, family: 4 | 6): boolean {
  return (family === 4 ? felix.wireguardEnabled : felix.wireguardEnabledV6) ?? false;
}

/** One bit, by which packets that are encrypted already are known. */
function markOf({ nftablesMarkMask, iptablesMarkMask }: FelixSettings): number {
  const mask = nftablesMarkMask || iptablesMarkMask || DEFAULT_MARKS;
  const bits = Array.from({ length: 32 }, (_, bit) => (1 << bit) >>> 0).filter((bit) => (bit & mask) !== 0);
  return bits[Math.min(MARK_INDEX, bits.length - 1)];
}

/** Where a node can be reached and by what key, or why it can't. */
type Standing =
  | { readonly kind: 'encrypted'; readonly address: string; readonly publicKey: string }
  | { readonly kind: 'clear'; readonly why: string };

/** A key that several nodes claim is nobody's. */
function standings({ nodename, nodes }: WireguardInputs, family: 4 | 6): ReadonlyMap<string, Standing> {
  const claims = new Map<string, string[]>();
  for (const node of nodes.values()) {
    const key = publicKeyOf(node, family);
    if (key !== undefined) claims.set(key, [...(claims.get(key) ?? []), node.metadata.name]);
  }
  const standing = (node: Node): Standing => {
    const { name } = node.metadata;
    const address = nodeAddress(node, family);
    const publicKey = publicKeyOf(node, family);
    if (address === undefined) return { kind: 'clear', why: `${name} has no IPv${family} address` };
    if (publicKey === undefined) return { kind: 'clear', why: `${name} has no WireGuard key` };
    const rival = claims.get(publicKey)?.find((other) => other !== name);
    if (rival !== undefined) return { kind: 'clear', why: `${name} has the same WireGuard key as ${rival}` };
    return { kind: 'encrypted', address, publicKey };
  };
  return new Map(
    [...nodes.values()]
      .filter(({ metadata }) => metadata.name !== nodename)
      .map((node) => [node.metadata.name, standing(node)]),
  );
}

function publicKeyOf({ status }: Node, family: 4 | 6): string | undefined {
  const key = family === 4 ? status?.wireguardPublicKey : status?.wireguardPublicKeyV6;
  return key && isWireguardKey(key) ? key : undefined;
}

function interfaceAddress(node: Node | undefined, family: 4 | 6): string | undefined {
  const { interfaceIPv4Address, interfaceIPv6Address } = node?.spec.wireguard ?? {};
  return (family === 4 ? interfaceIPv4Address : interfaceIPv6Address) || undefined;
}

/**
 * What is on which node: IPAM's blocks and borrowed addresses, the tunnel addresses outside them, and with host encryption
 * the nodes themselves but our own. By CIDR, so that no two nodes have the same.
 */
function places({ nodename, nodes, blocks }: WireguardInputs, family: 4 | 6, hostEncryption: boolean): Holding[] {
  const held = holdings(blocks.values()).filter(({ prefix }) => prefix.family === family);
  const found = new Map(held.map((holding) => [holding.cidr, holding]));
  const put = (prefix: Prefix, node: string, why: string): void => {
    const cidr = formatPrefix(prefix);
    if (!found.has(cidr)) found.set(cidr, { cidr, prefix, node, why });
  };
  for (const node of nodes.values()) {
    const { name } = node.metadata;
    const own = held.filter((holding) => holding.node === name);
    for (const text of tunnelAddresses(node)) {
      const prefix = hostPrefix(parseAddress(text));
      if (prefix.family !== family || own.some((holding) => containsPrefix(holding.prefix, prefix))) continue;
      put(prefix, name, `tunnel address of ${name}`);
    }
    const address = nodeAddress(node, family);
    if (hostEncryption && name !== nodename && address !== undefined) {
      put(hostPrefix(parseAddress(address)), name, `${name} itself`);
    }
  }
  return [...found.values()].sort((a, b) => (a.cidr < b.cidr ? -1 : 1));
}

function tunnelAddresses({ spec }: Node): readonly string[] {
  const { interfaceIPv4Address, interfaceIPv6Address } = spec.wireguard ?? {};
  const all = [
    spec.bgp?.ipv4IPIPTunnelAddr,
    spec.ipv4VXLANTunnelAddr,
    spec.ipv6VXLANTunnelAddr,
    interfaceIPv4Address,
    interfaceIPv6Address,
  ];
  return all.filter((text): text is string => Boolean(text));
}

function peersOf(
  placed: readonly Holding[],
  standing: ReadonlyMap<string, Standing>,
  port: number,
  keepalive: number,
): DesiredWireguardPeer[] {
  return [...standing]
    .flatMap(([node, how]) => {
      if (how.kind === 'clear') return [];
      const allowedIps = placed.filter((place) => place.node === node).map(({ cidr }) => cidr);
      const host = how.address.includes(':') ? `[${how.address}]` : how.address;
      return [{ node, publicKey: how.publicKey, endpoint: `${host}:${port}`, keepalive, allowedIps }];
    })
    .sort((a, b) => (a.node < b.node ? -1 : 1));
}

/** What is ours, or on a node that can't decrypt, goes on to the next rule: there it has its ordinary route. */
function routeTo(
  { cidr, node, why }: Holding,
  standing: Standing | undefined,
  nodename: string,
): DesiredWireguardRoute {
  if (standing?.kind === 'encrypted') return { cidr, mode: 'tunnel', why };
  const reason = node === nodename ? 'our own' : `in clear: ${standing?.why ?? `${node} is unknown`}`;
  return { cidr, mode: 'throw', why: `${why}; ${reason}` };
}
