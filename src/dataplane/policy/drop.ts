import type { Contents, FilterPart } from '../filter/index.ts';
import type { Denial } from './denial.ts';
import { chainName } from './names.ts';

export type NamedChain = Contents['chains'][number];

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
