import { type Cancel, type Clock, type Log, RetryQueue, reasonOf, within } from '../base/index.ts';
import type { NodeConditions, Update } from '../datastore/index.ts';

/** How long the end may take, in milliseconds. */
const PATIENCE = 2000;
const KEY = 'condition';

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
  readonly #failing: RetryQueue<string>;
  #isUp = false;
  #uid: string | undefined;
  #scheduled: Cancel | undefined;
  #telling: Promise<void> = Promise.resolve();

  constructor(options: NetworkConditionOptions) {
    this.#options = options;
    this.#failing = new RetryQueue(options.clock, { first: 1000, max: 60_000 });
  }

  /** The node serves pods from now on. */
  up(): void {
    this.#isUp = true;
    this.#soon();
  }

  /** Takes in a syncer's batch: of the own Node, whether it is another one. */
  apply(batch: readonly Update[]): void {
    const own = batch.findLast(({ key }) => key.kind === 'Node' && key.name === this.#options.nodename);
    const uid = own?.resource?.metadata.uid;
    if (uid === undefined || uid === this.#uid) return;
    const isAnother = this.#uid !== undefined;
    this.#uid = uid;
    if (isAnother) this.#soon();
  }

  /** Pods that come now find nobody. A store that doesn't answer holds up nobody's end. */
  async stop(): Promise<void> {
    const { conditions, nodename, clock, log } = this.#options;
    const wasUp = this.#isUp;
    this.#isUp = false;
    this.#scheduled?.();
    this.#failing.clear();
    if (conditions === undefined || !wasUp) return;
    const told = this.#telling.then(() => conditions.setNetworkUnavailable(nodename, DOWN));
    const failed = (error: unknown): void => log.debug({ reason: reasonOf(error) }, 'nobody is told that we go');
    await within(clock, PATIENCE, told.catch(failed));
  }

  #soon(): void {
    if (!this.#isUp || this.#options.conditions === undefined || this.#scheduled !== undefined) return;
    this.#scheduled = this.#options.clock.soon(() => {
      this.#scheduled = undefined;
      this.#telling = this.#telling.then(() => this.#tell());
    });
  }

  async #tell(): Promise<void> {
    const { conditions, nodename, log } = this.#options;
    try {
      if (this.#isUp) await conditions?.setNetworkUnavailable(nodename, UP);
      this.#failing.done(KEY);
    } catch (error) {
      if (!this.#isUp) return;
      const attempts = this.#failing.failed(KEY, reasonOf(error), () => this.#soon());
      if (attempts === 1) log.warn({ err: reasonOf(error) }, 'the condition NetworkUnavailable could not be written');
    }
  }
}
