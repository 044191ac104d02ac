import type { KernelEvent, MonitorOptions } from '../../src/netlink/index.ts';

/** Whether a listener with these options hears of it; `isOwn`: it has done it itself. */
export function passes(options: MonitorOptions, event: KernelEvent, isOwn: boolean): boolean {
  if (event.kind === 'queueing') return !isOwn;
  if (event.kind !== 'route') return true;
  const { ignoreOwnRoutes, routeProtocols, routeTables } = options;
  if (ignoreOwnRoutes && isOwn) return false;
  if (routeTables !== undefined && !routeTables.includes(event.route.table)) return false;
  return routeProtocols === undefined || routeProtocols.includes(event.route.protocol);
}
