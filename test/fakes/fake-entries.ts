import type { InterfaceAddressEntry, InterfaceAddressSpec, Neighbor, RoutingRule } from '../../src/netlink/index.ts';
import { type FakeLink, type FakeNamespace, familyOfText } from './fake-namespace.ts';

/* What the fake kernel keeps of links, addresses, neighbours and rules, and when two of them are one. */

type End = { link: FakeLink; namespace: FakeNamespace };

/** Makes two links the ends of a veth. An index in another namespace is marked as such. */
export function pair(one: End, other: End): void {
  for (const [here, there] of [
    [one, other],
    [other, one],
  ]) {
    here.link.peer = there;
    here.link.linkIndex = there.link.index;
    if (here.namespace === there.namespace) delete here.link.linkNamespaceId;
    else here.link.linkNamespaceId = here.namespace.numberOf(there.namespace);
  }
}

export function loopback(index: number): InterfaceAddressEntry {
  return { index, dev: 'lo', family: 4, address: '127.0.0.1/8', scope: 'host', flags: [] };
}

export function addressEntry(
  { dev, address, scope = 'global' }: InterfaceAddressSpec,
  index: number,
): InterfaceAddressEntry {
  const family = familyOfText(address);
  return { index, dev, family, address, scope, flags: family === 6 ? ['nodad'] : [] };
}

export function sameAddress(a: InterfaceAddressEntry, b: InterfaceAddressEntry): boolean {
  return a.dev === b.dev && a.address === b.address;
}

/** An FDB entry is found by its MAC, any other neighbour by its address. */
export function sameNeighbor(a: Neighbor, b: Neighbor): boolean {
  if (a.dev !== b.dev || (a.fdb ?? false) !== (b.fdb ?? false) || (a.proxy ?? false) !== (b.proxy ?? false))
    return false;
  return a.fdb ? a.mac === b.mac : a.destination === b.destination;
}

export function ruleText({
  family,
  priority,
  table,
  source,
  destination,
  mark,
  mask,
  invert,
  incoming,
}: RoutingRule): string {
  return JSON.stringify([family, priority, table, source, destination, mark, mask, invert ?? false, incoming]);
}

/** One setting that has two names. */
export function canonical(name: string): string {
  return name === 'net.ipv4.ip_forward' ? 'net.ipv4.conf.all.forwarding' : name;
}
