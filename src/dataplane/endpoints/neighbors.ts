import type { Family } from '../../base/index.ts';
import type { Chain, NamedSet, Table } from '../../nftables/index.ts';
import { addressType, type Contents, PREROUTING } from '../filter/index.ts';

/** New addresses a pod may show its host: a pod has a few, and none needs this many anew. */
const RATE = 'limit rate over 1/second burst 10 packets';
/** Seconds for which an address is not a new one. */
const MEMORY = 60;

const ARP: Chain = { name: 'asking', base: { type: 'filter', hook: 'input', priority: 0 } };
const CLAIMS: Chain = { name: 'claims' };
const RECENT: NamedSet = { name: 'recent', type: 'ifname', flags: ['dynamic', 'timeout'], timeout: MEMORY };

/** Neighbors are found by ARP, which is no IPv4. */
export function neighborTable(family: Family): Table {
  return { family: family === 4 ? 'arp' : 'ip6', name: 'vrouter-neighbors' };
}

/**
 * Whoever asks the host for its MAC becomes one of its neighbors, by the address that it claims, and the kernel has one table of
 * neighbors for all: a pod that asks from a thousand addresses would leave no place for nodes and other pods. Link-local
 * addresses are a pod's own to choose, so each answer that the host gives to one counts too.
 */
export function knownNeighbors(family: Family, interfacePrefix: string): Contents {
  const pods = `iifname "${interfacePrefix}*"`;
  const address = family === 4 ? 'arp saddr ip' : 'ip6 saddr';
  const known: NamedSet = {
    name: 'known',
    type: `ifname . ${addressType(family)}`,
    flags: ['dynamic', 'timeout'],
    timeout: MEMORY,
  };
  const jump = (match: string) => ({
    expression: `${pods} ${match}jump ${CLAIMS.name}`,
    why: 'a pod shows its address',
  });
  const claims = [
    { expression: `iifname . ${address} @${known.name} accept`, why: 'it has not just come up' },
    { expression: `update @${RECENT.name} { iifname ${RATE} } counter drop`, why: 'a pod has few addresses' },
    { expression: `add @${known.name} { iifname . ${address} }`, why: 'from now on it is known' },
  ];
  return {
    sets: [
      [known, []],
      [RECENT, []],
    ],
    chains: [
      [CLAIMS, claims],
      family === 4
        ? [ARP, [jump('')]]
        : [PREROUTING, [jump('ip6 saddr fe80::/10 '), jump('icmpv6 type { nd-router-solicit, nd-neighbor-solicit } ')]],
    ],
  };
}
