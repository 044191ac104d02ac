import { type Difference, type Family, parsePrefix, prefixWords } from '../../base/index.ts';
import { type FibInfo, type Kernel, ROUTE_ADD, ROUTE_DELETE, type RouteChanges } from '../../netlink/index.ts';
import { ROUTE_PROTOCOL } from '../routes/render.ts';
import type { Way } from './render.ts';

/** One change to a route of WireGuard's table. */
export type RouteStep = readonly [verb: typeof ROUTE_ADD | typeof ROUTE_DELETE, cidr: string, way: Way];

/**
 * The steps for traffic outside the tunnel first, then for traffic through it; a way that is another goes before it
 * comes anew.
 */
export function routeSteps(differences: readonly Difference<Way>[]): readonly RouteStep[] {
  return differences
    .flatMap(({ key, desired, actual }): readonly RouteStep[] => [
      ...(actual === undefined ? [] : [[ROUTE_DELETE, key, actual] as const]),
      ...(desired === undefined ? [] : [[ROUTE_ADD, key, desired] as const]),
    ])
    .sort((a, b) => rank(a) - rank(b));
}

/** Within one CIDR the deletion keeps its place before the addition, as sorting does not change the order of equals. */
function rank([verb, , way]: RouteStep): number {
  return verb === ROUTE_ADD && way.kind === 'unicast' ? 1 : 0;
}

/** Sends them in one go; answers with why the kernel refused some, by verb and CIDR. */
export async function applySteps(
  kernel: Pick<Kernel, 'applyRoutes'>,
  family: Family,
  table: number,
  steps: readonly RouteStep[],
): Promise<ReadonlyMap<string, string>> {
  if (steps.length === 0) return new Map();
  const failures = await kernel.applyRoutes(routeChanges(family, table, steps));
  return new Map(failures.map(({ entry, reason }) => [`${steps[entry][0]} ${steps[entry][1]}`, reason]));
}

function routeChanges(family: Family, table: number, steps: readonly RouteStep[]): RouteChanges {
  const prefixes = steps.map(([, cidr]) => parsePrefix(cidr));
  const words = family === 4 ? 1 : 4;
  const addresses = new Uint32Array(steps.length * words);
  for (const [entry, prefix] of prefixes.entries()) addresses.set(prefixWords(prefix), entry * words);
  return {
    family,
    count: steps.length,
    addresses,
    lengths: Uint8Array.from(prefixes, ({ length }) => length),
    verbs: Uint8Array.from(steps, ([verb]) => verb),
    infoIndex: Uint32Array.from(steps, (_, entry) => entry),
    infos: steps.map(([, , way]) => infoOf(way, table)),
  };
}

function infoOf({ kind, dev }: Way, table: number): FibInfo {
  const ours = { protocol: ROUTE_PROTOCOL, table } as const;
  return kind === 'throw' ? { ...ours, kind, nextHops: [] } : { ...ours, kind, scope: 'link', nextHops: [{ dev }] };
}
