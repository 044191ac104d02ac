import type { Clock, Log } from '../../base/index.ts';
import type { Kernel } from '../../netlink/index.ts';
import type { RouteOwnership } from './ownership.ts';

export type RouteKernel = Pick<Kernel, 'applyRoutes' | 'routeColumns'>;

export interface RouteOptions {
  readonly kernel: RouteKernel;
  readonly clock: Clock;
  readonly log: Log;
  /** Whose a route is; by default ours are known by their protocol alone. */
  readonly ownership?: RouteOwnership;
  /** Called when all pending changes have been answered by the kernel. */
  readonly onRoutesSettled?: (() => void) | undefined;
  /** Told, in seconds, how long wanted changes took from the wish to the kernel's answer. */
  readonly onRoutesWritten?: ((seconds: number) => void) | undefined;
}

export interface RouteCounts {
  readonly desired: number;
  readonly programmed: number;
  readonly failed: number;
  /** Stale routes that wait for the end of a restart. */
  readonly held: number;
}

export function routeCounts(
  tables: readonly { readonly wanted: number; readonly present: number; readonly held: number }[],
  failed: number,
): RouteCounts {
  const sum = (of: 'wanted' | 'present' | 'held'): number => tables.reduce((total, table) => total + table[of], 0);
  return { desired: sum('wanted'), programmed: sum('present'), failed, held: sum('held') };
}
