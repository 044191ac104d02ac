/** How the wait between attempts grows. All in milliseconds. */
export interface BackoffOptions {
  readonly first: number;
  readonly max: number;
  /** Each wait is this many times the last. */
  readonly factor?: number;
  /** Each wait is shortened by up to this part of itself, at random: 0.25 gives 75–100 %. */
  readonly jitter?: number;
  /** A number in [0, 1). */
  readonly random?: () => number;
}

/** The waits between attempts at something that keeps failing: they double, up to a limit, with jitter. */
export class Backoff {
  readonly #options: Required<BackoffOptions>;
  #attempts = 0;

  constructor(options: BackoffOptions) {
    this.#options = { factor: 2, jitter: 0.25, random: Math.random, ...options };
  }

  get attempts(): number {
    return this.#attempts;
  }

  /** Milliseconds to wait before the next attempt. */
  next(): number {
    const { first, max, factor, jitter, random } = this.#options;
    const full = Math.min(max, first * factor ** this.#attempts);
    this.#attempts++;
    return full * (1 - jitter * random());
  }

  reset(): void {
    this.#attempts = 0;
  }
}
