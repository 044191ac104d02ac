import type { Family } from '../../base/index.ts';
import type { DesiredServices } from '../../calc/desired/index.ts';
import { addresses, type Contents, FORWARD, isOf, outermost, wordOf } from '../filter/index.ts';

/**
 * A packet to a service's address that is forwarded still untranslated belongs to no service: sent on, it would come
 * back from the gateway that BGP told to send such addresses here, until its TTL ends.
 */
export function serviceLoops(family: Family, { cidrs, loops }: DesiredServices): Contents | undefined {
  const own = cidrs.filter((cidr) => isOf(family, cidr));
  if (own.length === 0 || loops === 'Disabled') return undefined;
  const set = addresses(family, 'service-ips');
  const expression = `${wordOf(family)} daddr @${set.name} ${loops === 'Drop' ? 'drop' : 'reject'}`;
  return { sets: [[set, outermost(own)]], chains: [[FORWARD, [{ expression, why: 'serviceLoopPrevention' }]]] };
}
