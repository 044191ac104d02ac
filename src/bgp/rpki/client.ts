import { Backoff, type Cancel, type Clock, type Log, type Prefix, silentLog } from '../../base/index.ts';
import type { OriginValidity } from '../api.ts';
import { type Transport, tcpTransport } from '../transport/index.ts';
import { type CacheAddress, CacheLink } from './cache-link.ts';

/** Prefixes that are kept at most: some four times what all of the Internet has. */
const LIMIT = 2_000_000;

export interface RtrClientOptions {
  /** In order of preference: the next one is asked when one can't be had, and left when a better one can. */
  readonly caches: readonly CacheAddress[];
  readonly clock: Clock;
  /** Default: TCP. */
  readonly transport?: Transport;
  /** Prefixes that are kept at most; default 2,000,000. A cache with more is refused, and what there was stays. */
  readonly limit?: number;
  /** Called when the data that routes are judged by has changed: judge them again. */
  readonly onChange?: () => void;
  readonly log?: Log;
}

/** The state of one cache. */
export interface RtrCacheStatus extends CacheAddress {
  /** It is connected, and has told all that it has. */
  readonly settled: boolean;
  /** Routes are judged by what it said. */
  readonly used: boolean;
  /** 0 or 1, as agreed. */
  readonly version: number;
  /** Of the data; undefined while there is none, or none that the cache could add to. */
  readonly data: { readonly sessionId: number; readonly serial: number } | undefined;
  /** Validated payloads by family. */
  readonly ipv4: number;
  readonly ipv6: number;
  /** Why its connection ended the last time, or could not be made; `at` is `Clock.wallTime`. */
  readonly lastError: { readonly at: number; readonly reason: string } | undefined;
}

/** How a client is. */
export interface RtrStatus {
  /** In order of preference. */
  readonly caches: readonly RtrCacheStatus[];
  /** Why no cache can be had: what was wrong with the one that was tried last, once all of them were. */
  readonly problem: string | undefined;
}

/**
 * A router's client of RPKI caches (RFC 8210): dials, keeps the table of who may announce what, and judges routes by it
 * (RFC 6811). A cache that is lost is dialled again with growing waits, the others in turn; what it said holds until it
 * expires, or another one has told all. While a less preferred one serves, those before it are tried from time to time, and it
 * serves until one of them has told all (§10).
 */
export class RtrClient {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #links: readonly CacheLink[];
  #backoff = backoff(600);
  /** The cache that serves, or that is dialled for want of one. */
  #at = 0;
  /** A cache before it that is tried meanwhile. */
  #better: number | undefined;
  /** The cache whose data counts. */
  #source: CacheLink | undefined;
  /** The number of caches that were tried since one was there. */
  #tried = 0;
  #problem: string | undefined;
  #running = false;
  #cancelRetry: Cancel = () => {};

  constructor(options: RtrClientOptions) {
    const { caches, clock, transport = tcpTransport(clock), limit = LIMIT, log = silentLog, onChange } = options;
    this.#clock = clock;
    this.#log = log;
    this.#links = caches.map(
      (at, index): CacheLink =>
        new CacheLink({
          ...{ at, clock, transport, limit },
          failed: (reason) => this.#failed(index, reason),
          settled: () => this.#settled(index),
          changed: () => onChange?.(),
        }),
    );
  }

  get status(): RtrStatus {
    const caches = this.#links.map((link): RtrCacheStatus => {
      const { session, lastError, at } = link;
      const { table, settled, version, data } = session;
      const sizes = { ipv4: table.sizeOf(4), ipv6: table.sizeOf(6) };
      return { ...at, settled, used: link === this.#source, version, data, ...sizes, lastError };
    });
    return { caches, problem: this.#problem };
  }

  /** `origin`: the AS that the path ends in; undefined where that is an AS_SET. Without data all is not-found. */
  validate(prefix: Prefix, origin: number | undefined): OriginValidity {
    return this.#source?.session.table.validate(prefix, origin) ?? 'not-found';
  }

  start(): void {
    if (this.#running || this.#links.length === 0) return;
    this.#running = true;
    this.#links[this.#at].dial();
  }

  stop(): void {
    this.#running = false;
    this.#cancelRetry();
    for (const link of this.#links) {
      link.leave();
      link.session.stop();
    }
  }

  /** What it says counts from now on, and no other is needed. */
  #settled(index: number): void {
    const link = this.#links[index];
    if (this.#source !== link) {
      const former = this.#source;
      this.#source = link;
      former?.forget();
    }
    if (index === this.#better) {
      this.#log.info({ cache: link.at.address }, 'a more preferred RPKI cache is there again, and serves');
      this.#at = index;
      this.#better = undefined;
    }
    this.#tried = 0;
    this.#problem = undefined;
    this.#backoff = backoff(link.session.intervals.retry);
    if (this.#better === undefined) this.#tryBetterLater();
  }

  #failed(index: number, reason: string): void {
    if (!this.#running) return;
    if (index === this.#better) {
      this.#tryBetter(index + 1);
      return;
    }
    this.#leaveBetter();
    this.#log.warn({ cache: this.#links[index].at.address }, `the RPKI cache is away: ${reason}`);
    this.#tried++;
    if (this.#tried >= this.#links.length) this.#problem = reason;
    // On to the next one, at once as long as there is one that was not tried.
    this.#at = (index + 1) % this.#links.length;
    const wait = this.#at === 0 ? this.#backoff.next() : 0;
    this.#cancelRetry = this.#clock.after(wait, () => this.#links[this.#at].dial());
  }

  #tryBetterLater(): void {
    this.#cancelRetry();
    if (this.#at === 0) return;
    const { retry } = this.#links[this.#at].session.intervals;
    this.#cancelRetry = this.#clock.after(retry * 1000, () => this.#tryBetter(0));
  }

  #tryBetter(index: number): void {
    this.#better = index < this.#at ? index : undefined;
    if (this.#better === undefined) this.#tryBetterLater();
    else this.#links[index].dial();
  }

  #leaveBetter(): void {
    this.#cancelRetry();
    if (this.#better !== undefined) this.#links[this.#better].forget();
    this.#better = undefined;
  }
}

/** Waits up to what the cache asks for (RFC 8210 §6). */
function backoff(retry: number): Backoff {
  return new Backoff({ first: 1000, max: retry * 1000 });
}
