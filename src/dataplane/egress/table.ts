import { type Family, parsePrefix, prefixWords, VRouterError } from '../../base/index.ts';
import { type Kernel, ROUTE_ADD, ROUTE_DELETE, type Route, type RouteFailure } from '../../netlink/index.ts';
import { ROUTE_PROTOCOL } from '../routes/render.ts';
import { isFallback, isLeading, routeText } from './render.ts';

type TableKernel = Pick<Kernel, 'routeList' | 'applyRoutes'>;

/**
 * Makes the routes of ours in a table these. First those that packets must not miss on the way: on to the next rule,
 * then the one that stops the rest. A table that led nothing out of the cluster only stops it at first: `held` is true,
 * and another call leads on.
 */
export async function fillTable(
  kernel: TableKernel,
  family: Family,
  table: number,
  wholly: readonly Route[],
): Promise<{ readonly held: boolean }> {
  const found = await ownRoutes(kernel, family, table);
  const held = !isLeading(found);
  const routes = held ? wholly.filter(({ kind }) => kind !== 'unicast') : wholly;
  const [there, wanted] = [new Set(found.map(routeText)), new Set(routes.map(routeText))];
  const old = found.filter((route) => !wanted.has(routeText(route)));
  const missing = routes.filter((route) => !there.has(routeText(route)));
  const isLast = ({ kind }: Route): boolean => kind === 'unicast';
  await change(kernel, family, table, [
    ...old.filter((route) => !isLast(route)).map(removed),
    ...missing.filter((route) => !isLast(route)).map(added),
    ...old.filter(isLast).map(removed),
    ...missing.filter(isLast).map(added),
  ]);
  return { held };
}

/** Takes our routes out of a table: packets go by the next rule all at once, with the last route that led them elsewhere. */
export async function emptyTable(kernel: TableKernel, family: Family, table: number): Promise<void> {
  const found = await ownRoutes(kernel, family, table);
  const rank = (route: Route): number => (isFallback(route) ? 0 : route.kind === 'throw' ? 2 : 1);
  await change(kernel, family, table, found.toSorted((a, b) => rank(a) - rank(b)).map(removed));
}

/** Tells whether no route of others is in it: ours that no rule leads to are what a crash has left. */
export async function isFree(kernel: TableKernel, family: Family, table: number): Promise<boolean> {
  const routes = await kernel.routeList({ family, table });
  return routes.every(({ protocol }) => protocol === ROUTE_PROTOCOL);
}

type Step = readonly [verb: typeof ROUTE_ADD | typeof ROUTE_DELETE, route: Route];

function added(route: Route): Step {
  return [ROUTE_ADD, route];
}

function removed(route: Route): Step {
  return [ROUTE_DELETE, route];
}

function ownRoutes(kernel: TableKernel, family: Family, table: number): Promise<readonly Route[]> {
  return kernel.routeList({ family, table, protocol: ROUTE_PROTOCOL });
}

async function change(kernel: TableKernel, family: Family, table: number, steps: readonly Step[]): Promise<void> {
  if (steps.length === 0) return;
  const prefixes = steps.map(([, { destination }]) => parsePrefix(destination));
  const words = family === 4 ? 1 : 4;
  const addresses = new Uint32Array(steps.length * words);
  for (const [entry, prefix] of prefixes.entries()) addresses.set(prefixWords(prefix), entry * words);
  const refused: readonly RouteFailure[] = await kernel.applyRoutes({
    family,
    count: steps.length,
    addresses,
    lengths: Uint8Array.from(prefixes, ({ length }) => length),
    verbs: Uint8Array.from(steps, ([verb]) => verb),
    infoIndex: Uint32Array.from(steps, (_, entry) => entry),
    infos: steps.map(([, route]) => route),
  });
  if (refused.length === 0) return;
  const [{ entry, code, reason }] = refused;
  const why = code === 'EEXIST' ? 'a route of somebody else is in its place: remove it, or what makes it' : reason;
  throw new VRouterError('TUNNEL', `${routeText(steps[entry][1])} table ${table}: ${why}`);
}
