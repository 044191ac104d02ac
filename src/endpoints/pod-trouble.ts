import { type Clock, RetryQueue, reasonOf } from '../base/index.ts';
import { isKernelError, type Kernel } from '../netlink/index.ts';

/** The kernel's errors about this node, not about one pod whose namespace has just gone. */
const OF_THE_NODE = ['EROFS', 'EPERM', 'EACCES', 'EOPNOTSUPP', 'ENOSYS', 'ENOMEM', 'ENOBUFS', 'ENFILE', 'EMFILE'];

/**
 * A setting that every kernel has and that is written for every pod's host end; its default is read, and written as it
 * is.
 */
const SETTING = 'net.ipv4.conf.default.proxy_arp';
const KEY = 'probe';
/**
 * A runtime tries again within a minute: a failure that nobody has seen again for this long counts no more.
 * Milliseconds.
 */
const MEMORY = 5 * 60_000;

/**
 * Whether pods can be served here at all: a node where every ADD must fail (no right to make interfaces, `/proc/sys`
 * mounted read-only) says so before the first pod comes, and as long as it is so, and isn't ready.
 */
export class PodTrouble {
  readonly #kernel: Pick<Kernel, 'sysctl'>;
  readonly #clock: Clock;
  readonly #probing: RetryQueue<string>;
  #failed: { readonly reason: string; readonly at: number } | undefined;

  constructor(kernel: Pick<Kernel, 'sysctl'>, clock: Clock) {
    this.#kernel = kernel;
    this.#clock = clock;
    this.#probing = new RetryQueue(clock, { first: 5000, max: 60_000 });
  }

  /** Tries what every pod needs; again while it fails. */
  async probe(): Promise<void> {
    try {
      await this.#kernel.sysctl(SETTING, await this.#kernel.sysctl(SETTING));
      this.#probing.done(KEY);
    } catch (error) {
      if (!isKernelError(error, ...OF_THE_NODE)) return;
      this.#probing.failed(KEY, reasonOf(error), () => void this.probe());
    }
  }

  /** A pod has been served. */
  served(): void {
    this.#failed = undefined;
    this.#probing.done(KEY);
  }

  /** A pod could not be served. */
  failed(error: unknown): void {
    if (isKernelError(error, ...OF_THE_NODE)) this.#failed = { reason: reasonOf(error), at: this.#clock.now() };
  }

  problems(): readonly string[] {
    const { reason, at } = this.#failed ?? { reason: undefined, at: 0 };
    const recent = reason !== undefined && this.#clock.now() - at < MEMORY ? [reason] : [];
    const reasons = new Set([...recent, ...this.#probing.details()]);
    return [...reasons].map((why) => `pods get no network on this node: ${why}`);
  }

  stop(): void {
    this.#probing.clear();
  }
}
