import type { Family } from '../../base/index.ts';
import type { DesiredServices } from '../../calc/desired/index.ts';
import { addresses, type Contents, FORWARD, isOf, outermost, wordOf } from '../filter/index.ts';

/**
 * A packet to a service's address that is forwarded still untranslated belongs to no service: sent on, it would come
 * back from the gateway that BGP told to send such addresses here, until its TTL ends.
 */
export function serviceLoops(family: Family, { cidrs, loops, toLoopback }: DesiredServices): Contents | undefined {
  const own = loops === 'Disabled' ? [] : cidrs.filter((cidr) => isOf(family, cidr));
  // Forwarded to the loopback it would come back from there, until its TTL ends.
  const turns = toLoopback && family === 4 ? [{ expression: 'oifname "lo" drop', why: 'answered for' }] : [];
  if (own.length === 0) return turns.length === 0 ? undefined : { sets: [], chains: [[FORWARD, turns]] };
  const set = addresses(family, 'service-ips');
  const expression = `${wordOf(family)} daddr @${set.name} ${loops === 'Drop' ? 'drop' : 'reject'}`;
  return {
    sets: [[set, outermost(own)]],
    chains: [[FORWARD, [{ expression, why: 'serviceLoopPrevention' }, ...turns]]],
  };
}
