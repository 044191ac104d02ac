import type { Clock, Log } from '../base/index.ts';
import type { DrainAnswer } from '../control/index.ts';
import type { Routing } from '../routing/index.ts';

/** Milliseconds that peers are given to choose other ways, and to tell theirs, after the last of them was told. */
const SETTLE = 5000;

export interface DrainOptions {
  readonly routing: Pick<Routing, 'setDraining' | 'peers'>;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Moves traffic away from the node before it stops (RFC 8326): everything stays announced, as the last choice, and forwarded. It
 * ends with the daemon: a node that was drained for a reboot takes its part again when it is back.
 */
export class Drain {
  readonly #options: DrainOptions;
  #since: number | undefined;
  #toldAt: number | undefined;

  constructor(options: DrainOptions) {
    this.#options = options;
  }

  get isDraining(): boolean {
    return this.#since !== undefined;
  }

  begin(): DrainAnswer {
    if (this.#since === undefined) {
      const { clock, log } = this.#options;
      this.#since = clock.wallTime();
      log.warn({}, 'draining: peers are told that every route by this node is the last choice');
      void this.#tell(true);
    }
    return this.state();
  }

  undo(): DrainAnswer {
    if (this.#since !== undefined) {
      this.#options.log.info({}, 'draining is over: routes are announced as ever');
      this.#since = undefined;
      void this.#tell(false);
    }
    return this.state();
  }

  state(): DrainAnswer {
    const { routing, clock } = this.#options;
    const peers = routing.peers().filter(({ status }) => status.state === 'Established').length;
    const isTold = this.#toldAt !== undefined;
    return {
      draining: this.isDraining,
      ...(this.#since !== undefined && { since: this.#since }),
      peers,
      told: isTold,
      safe: this.isDraining && isTold && clock.now() - this.#toldAt! >= SETTLE,
    };
  }

  problems(): readonly string[] {
    if (this.#since === undefined) return [];
    const since = new Date(this.#since).toISOString().replace(/\.\d+Z$/, 'Z');
    return [`drained since ${since}: peers use this node as the last choice; vrouter drain --undo ends that`];
  }

  async #tell(isDraining: boolean): Promise<void> {
    this.#toldAt = undefined;
    await this.#options.routing.setDraining(isDraining);
    if (this.isDraining === isDraining) this.#toldAt = this.#options.clock.now();
  }
}
