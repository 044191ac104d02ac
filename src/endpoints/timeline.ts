import { randomUUID } from 'node:crypto';
import { type Clock, reasonOf } from '../base/index.ts';
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
  /** Stands in the log too, as `change`. */
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
  readonly #changes: UnderWay[] = [];
  /** The request that each error is of. */
  readonly #failures = new WeakMap<object, string>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  begin(
    op: PodChange['op'],
    { containerId }: Pick<CniRequest, 'containerId'>,
    { namespace, workload }: Pick<WorkloadIdentity, 'namespace' | 'workload'>,
  ): UnderWay {
    const about = { op, pod: `${namespace}/${workload}`, containerId };
    const change = new UnderWay(about, this.#clock, this.#failures);
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

/** A request while it is served. */
export class UnderWay {
  readonly id = randomUUID().slice(0, 8);
  readonly about: About;
  readonly #clock: Clock;
  readonly #failures: WeakMap<object, string>;
  readonly #begun: number;
  readonly #start: number;
  readonly #steps: TimelineStep[] = [];
  #outcome: Pick<PodChange, 'outcome' | 'error'> = {};

  constructor(about: About, clock: Clock, failures: WeakMap<object, string>) {
    this.about = about;
    this.#clock = clock;
    this.#failures = failures;
    this.#begun = clock.wallTime();
    this.#start = clock.now();
    this.step('received', `container ${about.containerId}`);
  }

  step(what: string, about?: string): void {
    const at = Math.round((this.#clock.now() - this.#start) * 10) / 10;
    this.#steps.push({ what, at, ...(about !== undefined && { about }) });
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
      if (typeof error === 'object' && error !== null) this.#failures.set(error, this.id);
      throw error;
    }
  }

  told(): PodChange {
    return { change: this.id, ...this.about, begun: this.#begun, steps: [...this.#steps], ...this.#outcome };
  }
}
