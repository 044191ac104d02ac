import { isKernelError, type Kernel } from '../netlink/index.ts';

const ACCOUNTING = 'net.netfilter.nf_conntrack_acct';
const EVENTS = 'net.netfilter.nf_conntrack_events';

/**
 * Whether the kernel counts packets and octets of connections: switched on while the log needs it, and off again where
 * it was off. Only connections that begin afterwards are counted.
 */
export class FlowAccounting {
  readonly #kernel: Pick<Kernel, 'sysctl'>;
  #problems: readonly string[] = [];
  #isOurs = false;

  constructor(kernel: Pick<Kernel, 'sysctl'>) {
    this.#kernel = kernel;
  }

  /** The gaps of the log, and what helps. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  /** Looks, and switches it on where it is off. */
  async look(): Promise<void> {
    this.#problems = [...(await this.#counting()), ...(await this.#telling())];
  }

  async restore(): Promise<void> {
    if (!this.#isOurs) return;
    this.#isOurs = false;
    await this.#kernel.sysctl(ACCOUNTING, '0');
  }

  async #counting(): Promise<readonly string[]> {
    try {
      if ((await this.#kernel.sysctl(ACCOUNTING)) !== '0') return [];
      this.#isOurs = (await this.#kernel.sysctl(ACCOUNTING, '1')) === '1';
      return this.#isOurs ? [] : [`${UNCOUNTED} stays 0; ${ADVICE}`];
    } catch (error) {
      if (!isKernelError(error)) throw error;
      return [`${UNCOUNTED} can not be switched on: ${error.message}; ${ADVICE}`];
    }
  }

  async #telling(): Promise<readonly string[]> {
    try {
      if ((await this.#kernel.sysctl(EVENTS)) !== '0') return [];
      return [`flows: the kernel tells of no connections: ${EVENTS} is 0; set it to 1, or to 2 where that is known`];
    } catch (error) {
      // Kernels without the setting tell always, or said so when they were asked for events.
      if (isKernelError(error)) return [];
      throw error;
    }
  }
}

const UNCOUNTED = `flows: packets and octets are not counted: ${ACCOUNTING}`;
const ADVICE = `on the host: sysctl -w ${ACCOUNTING}=1`;
