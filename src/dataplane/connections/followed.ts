import { type FailedFilter, type FilterReconciler, type FilterRoom, FORWARD, tableOf } from '../filter/index.ts';

const RULES = [{ expression: 'ct state new continue', why: 'connections are followed for the flow log' }];

/**
 * The kernel follows connections where a rule asks for their state, and nowhere else: on a node without policy or
 * translation the flow log would see none. This table asks, and lets all go on; it is there while somebody wants that.
 */
export class FollowedConnections {
  readonly #room: FilterRoom;

  constructor(filter: Pick<FilterReconciler, 'room'>) {
    this.#room = filter.room();
  }

  /** Resolves when the kernel has it so, with what it refuses. */
  async follow(isFollowed: boolean): Promise<readonly FailedFilter[]> {
    const contents = isFollowed ? { sets: [], chains: [[FORWARD, RULES] as const] } : undefined;
    const tables = (['ip', 'ip6'] as const).map((family) =>
      tableOf({ family, name: 'vrouter-flows' }, `flow log for ${family}`, [contents]),
    );
    await this.#room.want(tables);
    return this.#room.failures();
  }
}
