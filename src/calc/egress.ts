import {
  containsAddress,
  containsPrefix,
  type Entries,
  type Family,
  formatPrefix,
  parseAddress,
  parsePrefix,
} from '../base/index.ts';
import { type IPPool, matchesSelector, type Node } from '../model/index.ts';
import { type AnsweringNode, answeringNodes } from './answering-nodes.ts';
import type {
  DesiredEgress,
  DesiredServices,
  EgressPool,
  EgressWay,
  HostAddresses,
  ProxiedAddress,
} from './desired/index.ts';
import { encapsulationOf } from './encapsulation.ts';
import type { FelixSettings } from './felix.ts';
import { nodeAddress } from './node-bgp.ts';
import { poolExtensions } from './peer-extensions.ts';
import { hashOf, scoreOf } from './rendezvous.ts';
import { sameSubnet, vtepOf } from './vxlan.ts';
import { DEFAULT_TABLES } from './wireguard.ts';

/** Autoconfiguration's and cloud's metadata, and multicast: of no use behind a gateway. */
const NEVER_OUTSIDE = ['169.254.0.0/16', '224.0.0.0/4', 'fe80::/10', 'ff00::/8'];

/** A pool that asks for an address of its own, as its annotations say. */
export interface AskedEgress {
  readonly pool: IPPool;
  readonly address: string;
  readonly nodes: string;
}

export interface ReadEgress {
  readonly asked: readonly AskedEgress[];
  /** In sentences: what could not be read, or not be had. */
  readonly problems: readonly string[];
}

/** The wishes of the pools, by name. Two pools may share an address where the same nodes are to have it. */
export function askedEgress(pools: Entries<IPPool>): ReadEgress {
  const asked: AskedEgress[] = [];
  const problems: string[] = [];
  for (const pool of pools.toJSON()) {
    const { value, unread, unknown } = poolExtensions(pool);
    const tell = (text: string): number => problems.push(`IPPool ${pool.metadata.name}: ${text}`);
    for (const sentence of [...unread, ...unknown]) tell(sentence);
    const { egressAddress: address, egressNodes: nodes = 'all()' } = value;
    if (address === undefined) {
      if (value.egressNodes !== undefined) tell('egressNodes has no effect without an egressAddress');
      continue;
    }
    const other = asked.find((one) => one.address === address && one.nodes !== nodes);
    const within = pools.find(({ spec }) => containsAddress(parsePrefix(spec.cidr), parseAddress(address)));
    const { family } = parsePrefix(pool.spec.cidr);
    if (unread.length > 0) continue;
    if (parseAddress(address).family !== family)
      tell(`egressAddress ${address} is of the other family: ${pool.spec.cidr} needs an IPv${family} address`);
    else if (other !== undefined)
      tell(`egressAddress ${address} is that of IPPool ${other.pool.metadata.name}, whose egressNodes are others`);
    else if (within !== undefined)
      tell(`egressAddress ${address} is inside IPPool ${within.metadata.name}; take one that no pod can get`);
    else asked.push({ pool, address, nodes });
  }
  return { asked, problems };
}

/** The gateway node of each pool, and the way of this node's pods to it; undefined where no pool asks. */
export function desiredEgress(
  nodename: string,
  { asked }: ReadEgress,
  nodes: Entries<Node>,
  pools: Entries<IPPool>,
  { cidrs }: DesiredServices,
  hosts: HostAddresses,
  felix: FelixSettings,
): DesiredEgress | undefined {
  if (asked.length === 0) return undefined;
  const ready = answeringNodes(nodes);
  const within = [...pools.map(({ spec }) => spec.cidr), ...cidrs, ...NEVER_OUTSIDE];
  return {
    pools: asked.map((one): EgressPool => {
      const { pool, address } = one;
      const range = parsePrefix(pool.spec.cidr);
      const isTaken = hosts[range.family].get(address) !== undefined;
      const gateway = isTaken ? undefined : gatewayOf(one, ready, nodes);
      return {
        pool: pool.metadata.name,
        family: range.family,
        cidr: formatPrefix(range),
        address,
        ...(gateway && { gateway: gateway.metadata.name }),
        way: isTaken
          ? { kind: 'none', reason: `${address} is a node's own address` }
          : wayTo(range.family, gateway, nodes.get(nodename), pool),
        why: `IPPool ${pool.metadata.name}: egressAddress`,
      };
    }),
    inside: { 4: outermostOf(4, within), 6: outermostOf(6, within) },
    hosts,
    tables: felix.routeTableRanges ?? DEFAULT_TABLES,
  };
}

/**
 * Of the nodes that are ready, chosen and on the address's subnet one; one that is cordoned only where there is no
 * other.
 */
function gatewayOf(
  { address, nodes: selector }: AskedEgress,
  ready: readonly AnsweringNode[],
  nodes: Entries<Node>,
): Node | undefined {
  const wanted = parseAddress(address);
  const able = ready.filter(({ name, subnets }) => {
    const labels = nodes.get(name)?.metadata.labels ?? {};
    return subnets.some((cidr) => containsAddress(parsePrefix(cidr), wanted)) && matchesSelector(selector, labels);
  });
  const first = able.filter(({ isLast }) => !isLast);
  const score = ({ name }: AnsweringNode): number => scoreOf(hashOf(address), hashOf(name));
  const [best] = (first.length > 0 ? first : able).toSorted((a, b) => score(b) - score(a));
  return best && nodes.get(best.name);
}

/** As the pool's packets travel between nodes, so that a strict `rp_filter` sees them come from where answers go. */
function wayTo(family: Family, gateway: Node | undefined, self: Node | undefined, { spec }: IPPool): EgressWay {
  const via = gateway && nodeAddress(gateway, family);
  if (gateway === undefined || self === undefined || via === undefined)
    return { kind: 'none', reason: 'no node that egressNodes selects is ready and on its subnet' };
  if (gateway.metadata.name === self.metadata.name) return { kind: 'here' };
  const how = encapsulationOf(spec);
  const near = sameSubnet(self, via);
  if (near && (how === 'none' || how.endsWith('cross-subnet'))) return { kind: 'subnet', via };
  const vtep = how.startsWith('vxlan') ? vtepOf(gateway, family)?.address : undefined;
  if (vtep !== undefined) return { kind: 'vxlan', via: vtep };
  if (how.startsWith('ipip')) return { kind: 'ipip', via };
  const lacking = how === 'none' ? 'on another subnet, and the pool has no tunnel' : 'without a VXLAN address';
  return { kind: 'none', reason: `its gateway ${gateway.metadata.name} is ${lacking}` };
}

/** Pools whose pods can't leave, in sentences. */
export function stuckPools(egress: DesiredEgress | undefined): readonly string[] {
  return (egress?.pools ?? []).flatMap(({ pool, address, way }) =>
    way.kind === 'none'
      ? [`IPPool ${pool}: egressAddress ${address}: ${way.reason}; its pods can not leave the cluster`]
      : [],
  );
}

/** The addresses that the node answers for as a gateway. */
export function egressAddresses(egress: DesiredEgress | undefined): readonly ProxiedAddress[] {
  const own = (egress?.pools ?? []).filter(({ way }) => way.kind === 'here');
  const byAddress = new Map(
    own.map(({ address, why }): [string, ProxiedAddress] => [address, { address, of: 'egress', why }]),
  );
  return [...byAddress.values()];
}

function outermostOf(family: Family, cidrs: readonly string[]): string[] {
  const networks = cidrs.map((cidr) => parsePrefix(cidr)).filter((network) => network.family === family);
  const texts = networks
    .filter((network) => !networks.some((other) => other.length < network.length && containsPrefix(other, network)))
    .map(formatPrefix);
  return [...new Set(texts)].sort();
}
