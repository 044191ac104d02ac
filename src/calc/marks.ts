import type { FelixSettings } from './felix.ts';

/*
 * The bits of a packet's mark that are the node's, by Calico's order within its mask: the lowest says that policy accepts,
 * the next that a policy passed, two are scratch, and then comes the one of packets that are encrypted already.
 */

const DEFAULT_MASK = 0xffff0000;
const ORDER = ['accept', 'pass', 'scratch0', 'scratch1', 'wireguard'] as const;

/** One bit each; a mask with too few gives its last one to all that are left. */
export type Marks = Readonly<Record<(typeof ORDER)[number], number>>;

/** Of `nftablesMarkMask`, or `iptablesMarkMask` where only that is set. */
export function marksOf({ nftablesMarkMask, iptablesMarkMask }: FelixSettings): Marks {
  const mask = nftablesMarkMask || iptablesMarkMask || DEFAULT_MASK;
  const bits = Array.from({ length: 32 }, (_, bit) => (1 << bit) >>> 0).filter((bit) => (bit & mask) !== 0);
  const of = (name: (typeof ORDER)[number]): number => bits[Math.min(ORDER.indexOf(name), bits.length - 1)];
  return {
    accept: of('accept'),
    pass: of('pass'),
    scratch0: of('scratch0'),
    scratch1: of('scratch1'),
    wireguard: of('wireguard'),
  };
}
