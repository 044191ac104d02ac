import type { PolicySettings } from '../../calc/desired/index.ts';
import type { HostAsk } from '../../policy/index.ts';
import { type Denial, denialOf } from './denial.ts';

/**
 * Where a host endpoint's rules stand. What is translated on its way out is asked in postrouting, where the kernel knows no
 * `reject`: where denied packets are rejected, chains for it stand beside those of `normal egress`.
 */
export type HostPlace = HostAsk | 'translated egress';

/** The filter's own hooks reject if they are to; before it and behind it packets are dropped, as with Calico. */
export function denialAt(place: HostPlace, settings: Pick<PolicySettings, 'rejects'>): Denial {
  return place.startsWith('normal') || place.startsWith('forward') ? denialOf(settings) : 'drop';
}

/** The places of a question. */
export function placesOf(ask: HostAsk, { rejects }: Pick<PolicySettings, 'rejects'>): readonly HostPlace[] {
  return rejects && ask === 'normal egress' ? [ask, 'translated egress'] : [ask];
}
