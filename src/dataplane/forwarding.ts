import { type Clock, type Log, RetryQueue, reasonOf } from '../base/index.ts';
import type { Kernel } from '../netlink/index.ts';
import { type Sysctls, settle } from './endpoints/sysctls.ts';

const SETTINGS: Sysctls = [
  ['net.ipv4.ip_forward', '1'],
  ['net.ipv6.conf.all.forwarding', '1'],
];
const WHAT = 'forwarding';

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
  #wanted = false;

  constructor(options: { kernel: Pick<Kernel, 'sysctl'>; clock: Clock; log: Log }) {
    this.#kernel = options.kernel;
    this.#log = options.log;
    this.#failing = new RetryQueue(options.clock);
  }

  /** Resolves when it is so, or the failure is noted. Applying the same again does nothing. */
  async apply(wanted: boolean): Promise<void> {
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    if (wanted) await this.check();
    else this.#failing.clear();
  }

  /** Nobody tells of a setting that somebody changed. */
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
    this.#failing.clear();
  }
}
