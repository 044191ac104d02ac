import type { PolicyMarks } from './desired/index.ts';
import type { FelixSettings } from './felix.ts';

/*
 * The bits of a packet's mark that are the node's, by Calico's order within its mask: the lowest says that policy accepts,
 * the next that a policy passed, two are scratch (the first of them says here that one end is this host), and then comes
 * the one of packets that are encrypted already. No two are ever the same bit.
 */

const DEFAULT_MASK = 0xffff0000;
const [ACCEPT, PASS, LOCAL, WIREGUARD] = [0, 1, 2, 4];
/** Without WireGuard and with it, as Calico counts. */
const [NEEDED, NEEDED_WITH_WIREGUARD] = [4, 5];

/** One bit each. */
export interface Marks extends PolicyMarks {
  readonly wireguard: number;
}

/**
 * Of `nftablesMarkMask`, or `iptablesMarkMask` where only that is set. Calico does not run with a mask that has too few;
 * here the default one holds instead, and `markProblems` says so.
 */
export function marksOf(felix: FelixSettings): Marks {
  const asked = bitsOf(maskOf(felix).mask);
  const bits = asked.length < needed(felix) ? bitsOf(DEFAULT_MASK) : asked;
  return { accept: bits[ACCEPT], pass: bits[PASS], local: bits[LOCAL], wireguard: bits[WIREGUARD] ?? 0 };
}

export function markProblems(felix: FelixSettings): readonly string[] {
  const { field, mask } = maskOf(felix);
  const [has, needs] = [bitsOf(mask).length, needed(felix)];
  if (has >= needs) return [];
  const why = needs === NEEDED ? '' : ' with WireGuard';
  const bits = has === 1 ? '1 bit' : `${has} bits`;
  return [
    `FelixConfiguration ${field} ${hex(mask)} has ${bits}, and ${needs} are needed${why}: ${hex(DEFAULT_MASK)} holds instead`,
  ];
}

function maskOf({ nftablesMarkMask: nftables, iptablesMarkMask: iptables }: FelixSettings) {
  if (nftables) return { field: 'nftablesMarkMask', mask: nftables };
  return { field: 'iptablesMarkMask', mask: iptables || DEFAULT_MASK };
}

function needed({ wireguardEnabled, wireguardEnabledV6 }: FelixSettings): number {
  return wireguardEnabled || wireguardEnabledV6 ? NEEDED_WITH_WIREGUARD : NEEDED;
}

/** From the lowest on. */
function bitsOf(mask: number): readonly number[] {
  return Array.from({ length: 32 }, (_, bit) => (1 << bit) >>> 0).filter((bit) => (bit & mask) !== 0);
}

function hex(number: number): string {
  return `0x${number.toString(16)}`;
}
