import type { NetlinkClient } from './client.ts';
import { isKernelError } from './errors.ts';
import type { Route, RouteColumns, RouteFilter } from './kernel.ts';
import { decodeRoute } from './wire/route.ts';
import { RouteColumnsReader } from './wire/route-columns.ts';
import { encodeRouteDump } from './wire/route-query.ts';

/** Routes as objects. Kernels without strict checking send all tables, so that what came is filtered again. */
export async function listRoutes(client: NetlinkClient, filter: RouteFilter): Promise<readonly Route[]> {
  const { table = 254, protocol, family } = filter;
  const matching = (route: Route) =>
    route.family === family && route.table === table && (protocol === undefined || route.protocol === protocol);
  const found = await unlessNoTable(
    client.dump(encodeRouteDump(filter), 'route list', (body) => {
      const route = decodeRoute(body);
      return route !== undefined && matching(route) ? route : undefined;
    }),
  );
  return found ?? [];
}

/** Routes as columns of numbers. */
export async function listRouteColumns(client: NetlinkClient, filter: RouteFilter): Promise<RouteColumns> {
  let reader = new RouteColumnsReader(filter);
  const restart = () => (reader = new RouteColumnsReader(filter));
  await unlessNoTable(client.dump(encodeRouteDump(filter), 'route list', (body) => reader.add(body), restart));
  return reader.finish();
}

/** A table that has never been used is no error here. */
async function unlessNoTable<T>(listing: Promise<T>): Promise<T | undefined> {
  try {
    return await listing;
  } catch (error) {
    if (isKernelError(error, 'ENOENT')) return undefined;
    throw error;
  }
}
