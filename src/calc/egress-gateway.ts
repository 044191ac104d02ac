import { containsAddress, type Entries, type Family, parseAddress, parsePrefix } from '../base/index.ts';
import { type IPPool, matchesSelector, type Node } from '../model/index.ts';
import { type AnsweringNode, subnetsOf } from './answering-nodes.ts';
import type { AskedEgress } from './asked-egress.ts';
import type { DesiredServices, EgressWay, HostAddresses } from './desired/index.ts';
import { encapsulationOf } from './encapsulation.ts';
import type { FelixSettings } from './felix.ts';
import { nodeAddress } from './node-bgp.ts';
import { hashOf, scoreOf } from './rendezvous.ts';
import { sameSubnet, vtepOf } from './vxlan.ts';

/** The inputs of the choice of a gateway, and of the way there. */
export interface EgressSurroundings {
  readonly nodename: string;
  readonly nodes: Entries<Node>;
  readonly answering: Entries<AnsweringNode>;
  readonly pools: Entries<IPPool>;
  readonly services: DesiredServices;
  readonly hosts: HostAddresses;
  readonly felix: FelixSettings;
  readonly withBgp: boolean;
}

type Choice = { readonly gateway: Node; readonly announced: boolean } | { readonly reason: string };

/**
 * The gateway: one of the nodes that are chosen and ready; one that is cordoned only where there is no other. An
 * address on some nodes' subnet is these nodes' alone, since neighbours there ask for it; another one is for whoever
 * announces it.
 */
export function gatewayOf(
  { address, nodes: selector }: AskedEgress,
  { nodes, answering, hosts, withBgp }: EgressSurroundings,
): Choice {
  const wanted = parseAddress(address);
  if (hosts[wanted.family].get(address) !== undefined) return { reason: `${address} is a node's own address` };
  const isOn = (subnets: readonly string[]): boolean =>
    subnets.some((cidr) => containsAddress(parsePrefix(cidr), wanted));
  const isSelected = (name: string): boolean => matchesSelector(selector, nodes.get(name)?.metadata.labels ?? {});
  const announced = ![...nodes.values()].some(({ spec }) => isOn(subnetsOf(spec)));
  if (announced && !withBgp) return { reason: 'it is on no node’s subnet, and without BGP nobody can announce it' };
  const able = answering.filter(({ name, subnets }) => {
    const node = nodes.get(name);
    const isThere = announced ? node !== undefined && nodeAddress(node, wanted.family) !== undefined : isOn(subnets);
    return isThere && isSelected(name);
  });
  const first = able.filter(({ isLast }) => !isLast);
  const score = ({ name }: AnsweringNode): number => scoreOf(hashOf(address), hashOf(name));
  const [best] = (first.length > 0 ? first : able).toSorted((a, b) => score(b) - score(a));
  const gateway = best && nodes.get(best.name);
  if (gateway !== undefined) return { gateway, announced };
  if (![...nodes.keys()].some(isSelected)) return { reason: `egressNodes '${selector}' selects no node` };
  const family = `with an IPv${wanted.family} address`;
  return { reason: `no node that egressNodes selects is ready and ${announced ? family : 'on its subnet'}` };
}

/** As the pool's packets travel between nodes, so that a strict `rp_filter` sees them come from where answers go. */
export function wayTo(family: Family, gateway: Node, self: Node | undefined, { spec }: IPPool): EgressWay {
  const via = nodeAddress(gateway, family);
  if (self === undefined || via === undefined)
    return { kind: 'none', reason: `there is no IPv${family} address of ${self ? 'its gateway' : 'this node'}` };
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
