import { type Clock, Stopwatch } from '../base/index.ts';
import type { Desired } from '../calc/index.ts';
import type { PolicyReconciler } from '../dataplane/index.ts';

/** How long changes of policy take from the datastore's news to the kernel's acknowledgement. */
export class PolicyTimes {
  readonly #clock: Clock;
  readonly #enforced: Pick<PolicyReconciler, 'settled' | 'failures'>;
  readonly #observe: (seconds: number) => void;
  readonly #news: Stopwatch;
  #applied: Desired['policy'];

  constructor(
    clock: Clock,
    enforced: Pick<PolicyReconciler, 'settled' | 'failures'>,
    observe: (seconds: number) => void,
  ) {
    this.#clock = clock;
    this.#enforced = enforced;
    this.#observe = observe;
    this.#news = new Stopwatch(clock);
  }

  /** News that change something for this node have come. */
  heard(): void {
    this.#news.begin();
  }

  /** The dataplane has been told. What the kernel refuses is never there, and takes no time. */
  applied({ policy }: Pick<Desired, 'policy'>): void {
    const before = this.#news.end();
    if (policy === this.#applied) return;
    this.#applied = policy;
    const rest = new Stopwatch(this.#clock);
    rest.begin();
    void this.#enforced.settled.then(() => {
      if (this.#enforced.failures().length === 0) this.#observe(before + rest.end());
    });
  }
}
