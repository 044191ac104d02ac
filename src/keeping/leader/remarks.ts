import { type Cancel, type Clock, type Log, reasonOf, within } from '../../base/index.ts';
import { keyText, type Remarks, type ResourceKey } from '../../datastore/index.ts';

/** How often problems are looked at, in milliseconds. */
const PERIOD = 10_000;
/** How long the end may take, in milliseconds. */
const PATIENCE = 2000;
/** An API server keeps an event for an hour. */
const MEMORY = 3_600_000;

/** The fault of an object, in a word and in a sentence that names it. */
export interface ObjectProblem {
  readonly about: ResourceKey;
  /** One word in CamelCase. */
  readonly reason: string;
  readonly message: string;
}

export interface RemarkKeepingOptions {
  readonly nodename: string;
  /** Absent where there is no place for remarks. */
  readonly remarks: Remarks | undefined;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether this node speaks for all of them: they all see the same. */
  readonly speaks: () => boolean;
  readonly problems: () => readonly ObjectProblem[];
}

/**
 * Tells the faults of objects where people look at them: once, and again every hour that they last. A remark is a
 * courtesy; the node's status says the same, and nothing waits for it.
 */
export class RemarkKeeping {
  readonly #options: RemarkKeepingOptions;
  /** When each was said last. */
  #said: ReadonlyMap<string, number> = new Map();
  #cancel: Cancel | undefined;
  #turn: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: RemarkKeepingOptions) {
    this.#options = options;
  }

  begin(): void {
    if (this.#options.remarks !== undefined) this.#again();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    await within(this.#options.clock, PATIENCE, this.#turn);
  }

  #again(): void {
    if (this.#stopped) return;
    this.#cancel = this.#options.clock.after(PERIOD, () => {
      this.#turn = this.#look().finally(() => this.#again());
    });
  }

  async #look(): Promise<void> {
    const { remarks, nodename: node, clock, log, speaks, problems } = this.#options;
    const said = this.#said;
    const next = new Map<string, number>();
    this.#said = next;
    if (!speaks()) return;
    for (const problem of problems()) {
      if (this.#stopped) return;
      const { about, reason, message } = problem;
      const before = said.get(message);
      if (before !== undefined && clock.now() - before < MEMORY) {
        next.set(message, before);
        continue;
      }
      try {
        await remarks?.remark({ about, reason, message, node });
        next.set(message, clock.now());
      } catch (error) {
        log.debug({ object: keyText(about), err: reasonOf(error) }, 'nobody is told what is wrong with it');
      }
    }
  }
}
