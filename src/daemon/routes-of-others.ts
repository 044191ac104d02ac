import { few } from '../base/index.ts';
import type { Diversion, ForeignRoute, InTheWay } from '../dataplane/index.ts';
import { type DeviceNames, formatRoute, formatRule, type Route } from '../netlink/index.ts';

/** Routes of others that packets go by instead of ours: each kind is a sentence. */
export function routesOfOthers(foreign: readonly ForeignRoute[], names: DeviceNames): string[] {
  const told = (those: readonly ForeignRoute[], what: string, remedy: (first: Route) => string): string[] => {
    const [first] = those;
    if (first === undefined) return [];
    const listed = few(those.map(({ route, ours }) => `${oneLine(route, names)} (ours: ${ours})`));
    return [`${what}: ${listed}. ${remedy(first.route)}`];
  };
  const others = (wanted: InTheWay): readonly ForeignRoute[] =>
    foreign.filter(({ how, again }) => how === wanted && !again);
  const remedy = (first: Route): string => `Remove what is not meant (${removal(first)}), or end what makes it`;
  return [
    ...told(others('place'), 'routes of somebody else are in the place of ours', remedy),
    ...told(others('before'), 'routes of others have a lower metric than ours, and packets follow them', remedy),
    ...told(others('within'), 'routes of others take addresses out of ours', remedy),
    ...told(others('some'), 'routes of others take packets of one type of service from ours', remedy),
    ...told(
      foreign.filter(({ again }) => again),
      'routes that Calico had left came again after they were taken over',
      () => 'Something still makes them: stop calico-node, with its BIRD and Felix, on this node',
    ),
  ];
}

/** The command that removes just this one. */
function removal({ family, kind, destination, tos, metric, protocol }: Route): string {
  const words = [
    `ip${family === 6 ? ' -6' : ''} route del`,
    ...(kind === 'unicast' ? [] : [kind]),
    destination,
    ...(tos === undefined ? [] : [`tos 0x${tos.toString(16)}`]),
    ...(metric === undefined ? [] : [`metric ${metric}`]),
    `proto ${protocol}`,
  ];
  return words.join(' ');
}

/** Rules of others that lead packets past our routes: each with what they take instead. */
export function rulesOfOthers(diversions: readonly Diversion[], names: DeviceNames): string[] {
  const [first] = diversions;
  if (first === undefined) return [];
  const listed = few(
    diversions.map(({ rule, route, range }) => `${formatRule(rule)}, where ${oneLine(route, names)} takes ${range}`),
  );
  const { family, priority } = first.rule;
  const command = `ip${family === 6 ? ' -6' : ''} rule del priority ${priority}`;
  return [
    `rules of others lead packets for pods past our routes: ${listed}. Remove what is not meant (${command}), give it a priority ` +
      'beyond 32766, or put `throw` routes for the pods into its table',
  ];
}

function oneLine(route: Route, names: DeviceNames): string {
  return formatRoute(route, names).replaceAll(/\s+/g, ' ').trim();
}
