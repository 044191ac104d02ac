import type { Family } from '../../base/index.ts';
import type { DesiredEgress, DesiredWireguard } from '../../calc/desired/index.ts';
import type { Chain } from '../../nftables/index.ts';
import { addresses, type Contents, FORWARD, wordOf } from '../filter/index.ts';

/** After connections are known by what they were before translation, before routes are looked for. */
const TRACKED: Chain = { name: 'tracked', base: { type: 'filter', hook: 'prerouting', priority: -150 } };

/**
 * The gateway of an egress address gets its pods' packets in clear, and has to answer in clear: the other end of a tunnel takes
 * what is from our own addresses alone, and answers are from outside. So they get the mark by which the tunnel's table is passed
 * by, and go as packets of pods do where nothing is encrypted. What the pods send gets it too: their way back is looked for by
 * the mark, and a strict `rp_filter` finds the one by which they came. An answer that has its way loses the mark: VXLAN would look
 * by it for its own way, and with host encryption that is the tunnel.
 */
export function egressInClear(
  family: Family,
  desired: DesiredWireguard | undefined,
  egress: DesiredEgress | undefined,
  interfacePrefix: string,
): Contents | undefined {
  const own = (egress?.pools ?? []).filter((pool) => pool.family === family && pool.way.kind === 'here');
  if (egress === undefined || own.length === 0 || desired === undefined || desired.peers.size === 0) return undefined;
  const named = (name: string) => addresses(family, `egress-${name}`);
  const [pools, inside, hosts] = [named('pools'), named('inside'), named('hosts')];
  const ip = wordOf(family);
  const mark = `meta mark set meta mark or ${hex(desired.mark)}`;
  const elsewhere = `iifname != "${interfacePrefix}*"`;
  const outside = `${ip} daddr != @${inside.name} ${ip} daddr != @${hosts.name}`;
  const [why, answers] = [`${own[0].why}; not encrypted`, `${own[0].why}; answers are not encrypted`];
  return {
    sets: [
      [pools, own.map(({ cidr }) => cidr)],
      [inside, egress.inside[family]],
      [hosts, egress.hosts[family]],
    ],
    chains: [
      [
        TRACKED,
        [
          {
            expression: `iifname != "${desired.device}" ${elsewhere} ${ip} saddr @${pools.name} ${outside} ${mark}`,
            why,
          },
          {
            expression: `${elsewhere} ct direction reply ct status snat ct original ${ip} saddr @${pools.name} ${mark}`,
            why: answers,
          },
        ],
      ],
      [
        FORWARD,
        [
          {
            expression: `${ip} daddr @${pools.name} meta mark set meta mark and ${hex(~desired.mark >>> 0)}`,
            why: answers,
          },
        ],
      ],
    ],
  };
}

function hex(number: number): string {
  return `0x${number.toString(16)}`;
}
