import { randomUUID } from 'node:crypto';
import { type Clock, type Log, reasonOf, silentLog } from '../base/index.ts';
import type { CniRequest } from '../control/index.ts';
import type { WorkloadIdentity } from './workload-identity.ts';

/** A step that was done for a pod, and when. */
export interface TimelineStep {
  readonly what: string;
  /** Milliseconds since the request came. */
  readonly at: number;
  readonly about?: string;
}

/** One CNI request, from its coming to its answer. */
export interface PodChange {
  /** Stands in the log too, as `change`: in a line of each step at level debug, and in those that are there anyway. */
  readonly change: string;
  readonly op: 'add' | 'del';
  /** `namespace/name`. */
  readonly pod: string;
  readonly containerId: string;
  /** Milliseconds since 1970. */
  readonly begun: number;
  readonly steps: readonly TimelineStep[];
  /** Absent while it is under way. */
  readonly outcome?: 'done' | 'failed';
  /** Why it failed. */
  readonly error?: string;
}

/** Requests that are remembered. */
const KEPT = 500;

type About = Pick<PodChange, 'op' | 'pod' | 'containerId'>;

/** The last CNI requests of this node, with what became of each and when. */
export class Timelines {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #changes: UnderWay[] = [];
  /** The request that each error is of. */
  readonly #failures = new WeakMap<object, string>();

  constructor(clock: Clock, log: Log = silentLog) {
    this.#clock = clock;
    this.#log = log;
  }

  begin(
    op: PodChange['op'],
    { containerId }: Pick<CniRequest, 'containerId'>,
    { namespace, workload }: Pick<WorkloadIdentity, 'namespace' | 'workload'>,
  ): UnderWay {
    const about = { op, pod: `${namespace}/${workload}`, containerId };
    const change = new UnderWay(about, { clock: this.#clock, log: this.#log, failures: this.#failures });
    this.#changes.push(change);
    if (this.#changes.length > KEPT) this.#changes.shift();
    return change;
  }

  /** Of one pod, the oldest first. */
  of(pod: string): readonly PodChange[] {
    return this.#changes.filter((one) => one.about.pod === pod).map((one) => one.told());
  }

  /** The request that failed with this error. */
  changeOf(error: unknown): string | undefined {
    return typeof error === 'object' && error !== null ? this.#failures.get(error) : undefined;
  }
}

interface Surroundings {
  readonly clock: Clock;
  readonly log: Log;
  readonly failures: WeakMap<object, string>;
}

/** A request while it is served. */
export class UnderWay {
  readonly id = randomUUID().slice(0, 8);
  readonly about: About;
  readonly #surroundings: Surroundings;
  readonly #begun: number;
  readonly #start: number;
  readonly #steps: TimelineStep[] = [];
  #outcome: Pick<PodChange, 'outcome' | 'error'> = {};

  constructor(about: About, surroundings: Surroundings) {
    this.about = about;
    this.#surroundings = surroundings;
    this.#begun = surroundings.clock.wallTime();
    this.#start = surroundings.clock.now();
    this.step('received', `container ${about.containerId}`);
  }

  step(what: string, about?: string): void {
    const { clock, log } = this.#surroundings;
    const at = Math.round((clock.now() - this.#start) * 10) / 10;
    this.#steps.push({ what, at, ...(about !== undefined && { about }) });
    const { op, pod } = this.about;
    log.debug({ change: this.id, op, pod, at, about }, what);
  }

  /** Notes how the work ends, and ends so itself. */
  async until<T>(work: Promise<T>): Promise<T> {
    try {
      const result = await work;
      this.step('answered');
      this.#outcome = { outcome: 'done' };
      return result;
    } catch (error) {
      this.step('failed');
      this.#outcome = { outcome: 'failed', error: reasonOf(error) };
      if (typeof error === 'object' && error !== null) this.#surroundings.failures.set(error, this.id);
      throw error;
    }
  }

  told(): PodChange {
    return { change: this.id, ...this.about, begun: this.#begun, steps: [...this.#steps], ...this.#outcome };
  }
}
