import { LabError } from './errors.ts';
import type { LabRecord, LabState } from './state.ts';

/**
 * Makes the parts of a lab: each is written down first, refused once the lab is stopping, and waited for by the stop
 * if it is under way, so that nothing comes to be after everything was removed.
 */
export class Making {
  readonly #record: LabRecord;
  readonly #stopping = new AbortController();
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(record: LabRecord) {
    this.#record = record;
  }

  /** Aborts when the lab begins to stop. */
  get signal(): AbortSignal {
    return this.#stopping.signal;
  }

  async make<T>(change: (state: LabState) => LabState, make: () => Promise<T>): Promise<T> {
    this.#stopping.signal.throwIfAborted();
    const made = this.#record.change(change).then(make);
    this.#underWay.add(made);
    try {
      return await made;
    } finally {
      this.#underWay.delete(made);
    }
  }

  /** From now on nothing is made; resolves when what was under way has ended. */
  async stop(): Promise<void> {
    this.#stopping.abort(new LabError('STOPPED', 'the lab is being stopped'));
    await Promise.allSettled(this.#underWay);
  }
}
