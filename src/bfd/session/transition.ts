import { type BfdState, DIAGNOSTIC } from '../wire/index.ts';

/** A state with why it was entered; the diagnostic is given only where the RFC says to set it. */
export interface BfdTransition {
  readonly to: BfdState;
  readonly diagnostic?: number;
}

/**
 * The state machine of RFC 5880 §6.2, as far as received packets move it (§6.8.6): what we are × what the neighbour says
 * it is → what we become; undefined where nothing changes.
 */
export function onReceived(local: BfdState, remote: BfdState): BfdTransition | undefined {
  if (local === 'AdminDown') return undefined;
  if (remote === 'AdminDown')
    return local === 'Down' ? undefined : { to: 'Down', diagnostic: DIAGNOSTIC.NEIGHBOR_DOWN };
  switch (local) {
    case 'Down':
      return remote === 'Down' ? { to: 'Init' } : remote === 'Init' ? { to: 'Up' } : undefined;
    case 'Init':
      return remote === 'Down' ? undefined : { to: 'Up' };
    case 'Up':
      return remote === 'Down' ? { to: 'Down', diagnostic: DIAGNOSTIC.NEIGHBOR_DOWN } : undefined;
  }
}
