import { type Clock, Stopwatch } from '../../base/index.ts';
import { ROUTE_ADD, ROUTE_DELETE, ROUTE_REPLACE, type RouteFailure } from '../../netlink/index.ts';
import type { RouteBatch } from './route-table.ts';

/** Changes that the kernel took, by verb, since the start, and how long they wait for its answer. */
export class Written {
  add = 0;
  replace = 0;
  delete = 0;

  readonly #waiting: Stopwatch;
  readonly #onAnswer: (seconds: number) => void;

  constructor({ clock, onRoutesWritten }: { clock: Clock; onRoutesWritten?: ((seconds: number) => void) | undefined }) {
    this.#waiting = new Stopwatch(clock);
    this.#onAnswer = onRoutesWritten ?? (() => {});
  }

  /** Seconds for which changes have waited for the kernel's answer; 0: none do. */
  get waited(): number {
    return this.#waiting.seconds;
  }

  /** There may be changes. */
  asked(): void {
    this.#waiting.begin();
  }

  /** There were none. */
  nothing(): void {
    this.#waiting.end();
  }

  answered(): void {
    this.#onAnswer(this.#waiting.end());
  }

  count({ changes }: RouteBatch, failures: readonly RouteFailure[]): void {
    const tally = [0, 0, 0, 0];
    for (let entry = 0; entry < changes.count; entry++) tally[changes.verbs[entry]]++;
    for (const { entry } of failures) tally[changes.verbs[entry]]--;
    this.add += tally[ROUTE_ADD];
    this.replace += tally[ROUTE_REPLACE];
    this.delete += tally[ROUTE_DELETE];
  }
}
