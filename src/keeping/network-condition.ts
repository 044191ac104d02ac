import { type Clock, type Log, reasonOf, within } from '../base/index.ts';
import type { NodeConditions, Update } from '../datastore/index.ts';
import { Kept } from './kept.ts';

/** How long the end may take, in milliseconds. */
const PATIENCE = 2000;
/** The condition can't be looked at without a request, so it is written again this seldom, in milliseconds. */
const PERIOD = 30 * 60_000;
const WHAT = 'the condition NetworkUnavailable';

const UP = { status: false, reason: 'CalicoIsUp', message: 'Calico is running on this node' };
const DOWN = { status: true, reason: 'CalicoIsDown', message: 'Calico is shutting down on this node' };

export interface NetworkConditionOptions {
  readonly nodename: string;
  /** Absent where the datastore belongs to no cluster that would want to know. */
  readonly conditions: NodeConditions | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * The condition `NetworkUnavailable` of the cluster's Node, in Calico's words: false once the node serves pods, true
 * when the daemon ends; told again to a Node that was registered anew.
 */
export class NetworkCondition {
  readonly #options: NetworkConditionOptions;
  readonly #kept: Kept;
  #isUp = false;
  #uid: string | undefined;

  constructor(options: NetworkConditionOptions) {
    this.#options = options;
    const { clock, log, conditions, nodename } = options;
    this.#kept = new Kept({
      clock,
      log,
      look: (attempt) => attempt(WHAT, async () => conditions?.setNetworkUnavailable(nodename, UP)),
      period: PERIOD,
      retry: { first: 1000, max: 60_000 },
    });
  }

  /** The node serves pods from now on. */
  up(): void {
    this.#isUp = true;
    if (this.#options.conditions !== undefined) this.#kept.begin();
  }

  /** Takes in a syncer's batch: of the own Node, whether it is another one. */
  apply(batch: readonly Update[]): void {
    const own = batch.findLast(({ key }) => key.kind === 'Node' && key.name === this.#options.nodename);
    const uid = own?.resource?.metadata.uid;
    if (uid === undefined || uid === this.#uid) return;
    const isAnother = this.#uid !== undefined;
    this.#uid = uid;
    if (isAnother) this.#kept.soon();
  }

  /** Pods that come now find nobody. A store that doesn't answer holds up nobody's end. */
  async stop(): Promise<void> {
    const { conditions, nodename, clock, log } = this.#options;
    const wasUp = this.#isUp;
    this.#isUp = false;
    const ended = this.#kept.stop();
    if (conditions === undefined || !wasUp) return;
    const told = ended.then(() => conditions.setNetworkUnavailable(nodename, DOWN));
    const failed = (error: unknown): void => log.debug({ reason: reasonOf(error) }, 'nobody is told that we go');
    await within(clock, PATIENCE, told.catch(failed));
  }
}
