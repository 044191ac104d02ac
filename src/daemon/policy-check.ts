import { type Clock, few, type Log, Repeated, reasonOf } from '../base/index.ts';
import type { PolicyAnswers } from './policy-answers.ts';

/** Milliseconds between looks: each is at the pods of one class, so that none takes long. */
const PERIOD = 600_000;

interface PolicyCheckOptions {
  /** Keys of the classes that pods here are of. */
  readonly classes: () => readonly string[];
  /** The answers, loaded when there is a class to compare. */
  readonly answers: () => Promise<Pick<PolicyAnswers, 'compareClass'>>;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * The self-check: now and then the kernel's tables are read back, and what they do with packets at the borders of one
 * class's rules is compared with what policy says.
 */
export class PolicyCheck {
  readonly #options: PolicyCheckOptions;
  readonly #again: Repeated;
  /** By class: what was found there the last time. */
  readonly #found = new Map<string, readonly string[]>();
  #last: string | undefined;

  constructor(options: PolicyCheckOptions) {
    this.#options = options;
    this.#again = new Repeated(options.clock, PERIOD, () => this.look());
  }

  start(): void {
    this.#again.start();
  }

  stop(): void {
    this.#again.stop();
  }

  /** The next class in turn. */
  async look(): Promise<void> {
    const { answers, log } = this.#options;
    const classes = this.#options.classes();
    for (const key of this.#found.keys()) if (!classes.includes(key)) this.#found.delete(key);
    const next = classes.find((key) => this.#last === undefined || key > this.#last) ?? classes[0];
    this.#last = next;
    if (next === undefined) return;
    try {
      const found = await (await answers()).compareClass(next);
      if (found === undefined) return;
      if (found.length === 0) this.#found.delete(next);
      else this.#found.set(next, found);
      if (found.length > 0) log.error({ found: found.slice(0, 5) }, 'the kernel does not do what policy says');
    } catch (error) {
      log.info({ err: reasonOf(error) }, 'the tables of policy could not be compared; the next look will');
    }
  }

  /** Packets that the kernel treats otherwise than policy says, as far as was looked. */
  get disagreements(): number {
    return [...this.#found.values()].reduce((sum, found) => sum + found.length, 0);
  }

  problems(): readonly string[] {
    const found = [...this.#found.values()].flat();
    if (found.length === 0) return [];
    return [`the kernel does not do what policy says: ${few(found, 2)} (see: vrouter policy verify)`];
  }
}
