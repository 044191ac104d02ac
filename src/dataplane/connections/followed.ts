import { type Contents, FORWARD } from '../filter/index.ts';

/**
 * The kernel follows connections where a rule asks for their state, and nowhere else: on a node without policy or
 * translation the flow log would see none. This rule asks, and lets all go on.
 */
export function followedConnections(isLogged: boolean): Contents | undefined {
  if (!isLogged) return undefined;
  const rules = [{ expression: 'ct state new continue', why: 'connections are followed for the flow log' }];
  return { sets: [], chains: [[FORWARD, rules]] };
}
