import type { PolicySettings } from '../../calc/desired/index.ts';

/**
 * The fate of a packet that is denied. The kernel knows `reject` in input, forward and output, but not in postrouting.
 */
export type Denial = 'drop' | 'reject';

export function denialOf({ rejects }: Pick<PolicySettings, 'rejects'>): Denial {
  return rejects ? 'reject' : 'drop';
}

/** Why packets are denied that no policy is about. */
export const [INVALID, UNKNOWN_FROM, UNKNOWN_TO] = [
  'invalid packet',
  'from an interface without endpoint',
  'to an interface without endpoint',
];
