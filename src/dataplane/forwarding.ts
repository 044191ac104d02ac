import { type Clock, type Log, Paced, RetryQueue, reasonOf } from '../base/index.ts';
import type { Kernel } from '../netlink/index.ts';
import { type Sysctls, settle } from './endpoints/sysctls.ts';

const SETTINGS: Sysctls = [
  ['net.ipv4.ip_forward', '1'],
  ['net.ipv6.conf.all.forwarding', '1'],
];
/** The kernel tells of the first of these by another of its names. */
const TOLD = ['net.ipv4.conf.all.forwarding', 'net.ipv6.conf.all.forwarding'];
const WHAT = 'forwarding';
/** Milliseconds between repairs: somebody who undoes ours again and again must not keep both of us busy. */
const REPAIR_PAUSE = 100;

/** A setting of the host that the kernel refuses, and why. */
export interface FailedSetting {
  readonly what: string;
  readonly reason: string;
}

/** IPv4 asks each link by itself whether what comes in there goes on; IPv6 asks once for all. */
const OF_LINK = /^net\.ipv4\.conf\.([^.]+)\.forwarding$/;

interface ForwardingOptions {
  readonly kernel: Pick<Kernel, 'sysctl'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether what other nodes send to pods comes in by that link. */
  readonly isWayIn: (dev: string) => boolean;
}

/** Keeps the host forwarding packets, or leaves that alone. */
export class Forwarding {
  readonly #kernel: Pick<Kernel, 'sysctl'>;
  readonly #log: Log;
  readonly #failing: RetryQueue<FailedSetting>;
  readonly #repairs: Paced;
  readonly #isWayIn: (dev: string) => boolean;
  /** Settings of links at which somebody has switched it off. */
  readonly #off = new Set<string>();
  #wanted = false;
  /** Called when it was off and is on again: the kernel has set it for each interface too. */
  onRepaired: () => void = () => {};

  constructor(options: ForwardingOptions) {
    this.#kernel = options.kernel;
    this.#isWayIn = options.isWayIn;
    this.#log = options.log;
    this.#failing = new RetryQueue(options.clock);
    this.#repairs = new Paced(options.clock, REPAIR_PAUSE, () => void this.#repair());
  }

  /** Resolves when it is so, or the failure is noted. Applying the same again does nothing. */
  async apply(wanted: boolean): Promise<void> {
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    if (wanted) await this.check();
    else this.#failing.clear();
  }

  /** Hears from the kernel of a setting that somebody has changed. */
  settingChanged(name: string, value: string): void {
    if (!this.#wanted || value !== '0') return;
    const isOfWayIn = this.#isOfWayIn(name);
    if (isOfWayIn) this.#off.add(name);
    if (isOfWayIn || TOLD.includes(name)) this.#repairs.ask();
  }

  /** Compares with what a look at all links has shown. */
  settingsSeen(found: ReadonlyMap<string, string>): void {
    for (const [name, value] of found) if (value === '0') this.settingChanged(name, value);
  }

  #isOfWayIn(name: string): boolean {
    const word = OF_LINK.exec(name)?.[1];
    return word !== undefined && this.#isWayIn(word.replaceAll('/', '.'));
  }

  async #repair(): Promise<void> {
    this.#log.warn({}, 'somebody has switched forwarding off; it is needed, and on again');
    await this.check();
    const off = [...this.#off];
    this.#off.clear();
    // A link that has gone meanwhile needs nothing.
    for (const name of off) await settle(this.#kernel, [[name, '1']]).catch(() => {});
    this.onRepaired();
  }

  /** Reads the settings, and sets what is not so. */
  async check(): Promise<void> {
    if (!this.#wanted) return;
    try {
      await settle(this.#kernel, SETTINGS);
      this.#failing.done(WHAT);
    } catch (error) {
      const reason = reasonOf(error);
      const attempts = this.#failing.failed(WHAT, { what: WHAT, reason }, () => void this.check());
      if (attempts === 1) this.#log.warn({ err: reason }, 'forwarding is refused; trying again later');
    }
  }

  failures(): readonly FailedSetting[] {
    return this.#failing.details();
  }

  stop(): void {
    this.#wanted = false;
    this.#repairs.stop();
    this.#failing.clear();
  }
}
