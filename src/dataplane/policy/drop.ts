import type { PolicySettings } from '../../calc/desired/index.ts';
import type { Contents, FilterPart } from '../filter/index.ts';
import { chainName } from './names.ts';

export type NamedChain = Contents['chains'][number];

/** What becomes of a packet that is denied. The kernel knows `reject` in input, forward and output, but not in postrouting. */
export type Denial = 'drop' | 'reject';

export function denialOf({ rejects }: Pick<PolicySettings, 'rejects'>): Denial {
  return rejects ? 'reject' : 'drop';
}

/** A drop with a name and a counter: of each packet that policy stops there is one place that says why. */
export function dropChain(why: string, denial: Denial): NamedChain {
  const chain = { name: dropName(why) };
  if (denial === 'drop') return [chain, [{ expression: 'counter drop', why }]];
  return [
    chain,
    [
      { expression: 'counter', why },
      // The kernel answers with few ICMP errors a second, and with as many resets as there are segments.
      { expression: 'meta l4proto tcp reject with tcp reset', why },
      { expression: 'reject', why },
    ],
  ];
}

/** The same as a part of the table. Where the kernel can't reject it drops. */
export function dropPart(why: string, denial: Denial, order: number): FilterPart {
  const contents = { chains: [dropChain(why, denial)] };
  return denial === 'drop' ? { order, contents } : { order, contents, instead: { chains: [dropChain(why, 'drop')] } };
}

/** The name of its chain. */
export function dropName(why: string): string {
  return chainName('drop', why);
}
