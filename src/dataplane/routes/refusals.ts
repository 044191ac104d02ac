import { type Clock, type Family, type Log, RetryQueue } from '../../base/index.ts';
import type { RouteFailure } from '../../netlink/index.ts';
import { prefixNumber, type RouteBatch, type RouteTable } from './route-table.ts';

/** A route that the kernel refuses, and what it says. */
export interface FailedRoute {
  readonly family: Family;
  readonly prefix: string;
  readonly code: string;
  readonly reason: string;
}

/** The routes that the kernel has refused: each waits alone for its next attempt, and holds up nothing else. */
export class Refusals {
  readonly #waiting: RetryQueue<FailedRoute>;
  readonly #log: Log;
  readonly #tryAgain: () => void;

  /** `tryAgain` is called when the table has an attempt to make again. */
  constructor(clock: Clock, log: Log, tryAgain: () => void) {
    this.#waiting = new RetryQueue(clock);
    this.#log = log;
    this.#tryAgain = tryAgain;
  }

  get size(): number {
    return this.#waiting.size;
  }

  details(): readonly FailedRoute[] {
    return this.#waiting.details();
  }

  reason(cidr: string): string | undefined {
    return this.details().find(({ prefix }) => prefix === cidr)?.reason;
  }

  /** Records the kernel's answers to a batch; entries that are not in `failures` were done. */
  record(table: RouteTable, batch: RouteBatch, failures: readonly RouteFailure[]): void {
    if (this.#waiting.size > 0) this.#forgetDone(table, batch, failures);
    for (const failure of failures) this.#failed(table, batch.keys[failure.entry], failure);
  }

  /** Forgets those that time has healed: what is wanted is there, or nothing is wanted and nothing is there. */
  forgetHealed(table: RouteTable): void {
    for (const { family, prefix } of this.details()) {
      if (family === table.family && !table.differs(prefixNumber(table, prefix))) this.#waiting.done(prefix);
    }
  }

  clear(): void {
    this.#waiting.clear();
  }

  #forgetDone(table: RouteTable, { changes, keys }: RouteBatch, failures: readonly RouteFailure[]): void {
    const failed = new Set(failures.map(({ entry }) => keys[entry]));
    for (let entry = 0; entry < changes.count; entry++) {
      if (!failed.has(keys[entry])) this.#waiting.done(table.prefixes.text(keys[entry]));
    }
  }

  #failed(table: RouteTable, key: number, { code, reason }: RouteFailure): void {
    const { family } = table;
    const prefix = table.prefixes.text(key);
    const attempts = this.#waiting.failed(prefix, { family, prefix, code, reason }, () => {
      if (!table.differs(key)) this.#waiting.done(prefix);
      table.again(key);
      this.#tryAgain();
    });
    if (attempts === 1)
      this.#log.warn({ route: prefix, code, reason }, 'the kernel refused a route; trying again later');
  }
}
