import type { Family } from '../../base/index.ts';
import type { DesiredNat } from '../../calc/desired/index.ts';
import type { Chain, NamedMap } from '../../nftables/index.ts';
import { addressType, type Contents, isOf, POSTROUTING, wordOf } from '../filter/index.ts';

const PREROUTING: Chain = { name: 'prerouting', base: { type: 'nat', hook: 'prerouting', priority: -100 } };
const OUTPUT: Chain = { name: 'output', base: { type: 'nat', hook: 'output', priority: -100 } };

/**
 * Packets from others and from the host to a pod's floating IP go to its own address; answers follow by conntrack.
 * What the pod sends keeps its source, with one exception: to its own floating IP it would get a packet from itself,
 * which no host believes, so this one comes from the floating IP. Of several, from the alphabetically first, as in
 * Calico.
 */
export function floatingIps(family: Family, { floatingIps: all }: DesiredNat): Contents | undefined {
  const own = all.filter(({ external }) => isOf(family, external)).sort(byExternal);
  if (own.length === 0) return undefined;
  const word = wordOf(family);
  const type = addressType(family);
  const dnat: NamedMap = { name: 'fip-dnat', type, value: type };
  const snat: NamedMap = { name: 'fip-snat', type: `${type} . ${type}`, value: type };
  const first = new Map([...own].reverse().map((one) => [one.internal, one]));
  const rule = { expression: `dnat to ${word} daddr map @${dnat.name}`, why: 'floating IPs' };
  const loop = `snat to ${word} saddr . ${word} daddr map @${snat.name}`;
  return {
    maps: [
      [dnat, own.map(({ external, internal, why }) => ({ key: external, value: internal, why }))],
      [
        snat,
        [...first.values()].map(({ external, internal, why }) => ({
          key: `${internal} . ${internal}`,
          value: external,
          why: `${why}, to itself`,
        })),
      ],
    ],
    chains: [
      [PREROUTING, [rule]],
      [OUTPUT, [rule]],
      [POSTROUTING, [{ expression: loop, why: 'floating IPs, to itself' }]],
    ],
  };
}

function byExternal(a: { readonly external: string }, b: { readonly external: string }): number {
  return a.external < b.external ? -1 : 1;
}
