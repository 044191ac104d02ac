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

/** Keeps the host forwarding packets, or leaves that alone. */
export class Forwarding {
  readonly #kernel: Pick<Kernel, 'sysctl'>;
  readonly #log: Log;
  readonly #failing: RetryQueue<FailedSetting>;
  readonly #repairs: Paced;
  #wanted = false;
  /** Called when it was off and is on again: the kernel has set it for each interface too. */
  onRepaired: () => void = () => {};

  constructor(options: { kernel: Pick<Kernel, 'sysctl'>; clock: Clock; log: Log }) {
    this.#kernel = options.kernel;
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
    if (this.#wanted && value !== '1' && TOLD.includes(name)) this.#repairs.ask();
  }

  async #repair(): Promise<void> {
    this.#log.warn({}, 'somebody has switched forwarding off; it is needed, and on again');
    await this.check();
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
