import { NO_PATH } from '../pool/path-pool.ts';

/** How many paths are looked at between two looks at the clock. */
const STRIDE = 512;

/** The paths of each source, as a chain. */
export interface SourceChains {
  first(source: number): number;
  next(path: number): number;
  remove(path: number): void;
}

interface Sweep {
  readonly source: number;
  readonly doomed: (path: number) => boolean;
  readonly done: (() => void) | undefined;
  /** The path to look at next. */
  at: number;
}

/**
 * Work on all of a source's paths, done bit by bit: a lost session may have brought a million, or another import filter
 * may apply to as many, and others must have their turn meanwhile. A sweep goes along the chain from where it began; paths that come later are in front of that
 * and out of its way.
 */
export class Sweeps {
  readonly #chains: SourceChains;
  #sweeps: Sweep[] = [];

  constructor(chains: SourceChains) {
    this.#chains = chains;
  }

  /**
   * Begins to look at the source's present paths: those that are `doomed` then are removed, others it may have amended.
   * `done` is called at the end.
   */
  begin(source: number, doomed: (path: number) => boolean, done?: () => void): void {
    if (this.#chains.first(source) === NO_PATH) {
      done?.();
      return;
    }
    this.#sweeps.push({ source, doomed, done, at: this.#chains.first(source) });
  }

  /** Goes on until time is up; true if something is left. */
  run(expired: () => boolean): boolean {
    while (this.#sweeps.length > 0) {
      if (!this.#go(this.#sweeps[0], expired)) return true;
      this.#sweeps.shift()!.done?.();
    }
    return false;
  }

  /** Completes the sweeps of this source at once: its chain is about to mean something else. */
  finish(source: number): void {
    if (this.#sweeps.length === 0) return;
    const [finished, others] = [true, false].map((own) =>
      this.#sweeps.filter((one) => (one.source === source) === own),
    );
    for (const sweep of finished) {
      this.#go(sweep, () => false);
      sweep.done?.();
    }
    this.#sweeps = others;
  }

  /** Forgets the sweeps of this source. */
  cancel(source: number): void {
    this.#sweeps = this.#sweeps.filter((sweep) => sweep.source !== source);
  }

  /** Hears that a path is about to leave its chain. */
  passed(path: number): void {
    for (const sweep of this.#sweeps) if (sweep.at === path) sweep.at = this.#chains.next(path);
  }

  /** True when the sweep has come to its end. */
  #go(sweep: Sweep, expired: () => boolean): boolean {
    for (let done = 1; sweep.at !== NO_PATH; done++) {
      const path = sweep.at;
      sweep.at = this.#chains.next(path);
      if (sweep.doomed(path)) this.#chains.remove(path);
      if (done % STRIDE === 0 && expired()) break;
    }
    return sweep.at === NO_PATH;
  }
}
