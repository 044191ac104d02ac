import { ROUTE_ADD, ROUTE_DELETE, ROUTE_REPLACE, type RouteFailure } from '../../netlink/index.ts';
import type { RouteBatch } from './route-table.ts';

/** Changes that the kernel took, by verb, since the start. */
export class Written {
  add = 0;
  replace = 0;
  delete = 0;

  count({ changes }: RouteBatch, failures: readonly RouteFailure[]): void {
    const tally = [0, 0, 0, 0];
    for (let entry = 0; entry < changes.count; entry++) tally[changes.verbs[entry]]++;
    for (const { entry } of failures) tally[changes.verbs[entry]]--;
    this.add += tally[ROUTE_ADD];
    this.replace += tally[ROUTE_REPLACE];
    this.delete += tally[ROUTE_DELETE];
  }
}
