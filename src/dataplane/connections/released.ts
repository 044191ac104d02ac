import { type Clock, type Log, Paced, RetryQueue, reasonOf } from '../../base/index.ts';
import type { Desired } from '../../calc/desired/index.ts';
import { isKernelError, type Kernel } from '../../netlink/index.ts';

/** Milliseconds between passes over the kernel's table: pods that end together are looked for together. */
const PAUSE = 100;
/** How a kernel answers that doesn't follow connections, or tells nobody of them. */
const UNSUPPORTED = ['EOPNOTSUPP', 'EPROTONOSUPPORT', 'EINVAL', 'ENOENT'];
/** Addresses that wait for a kernel that keeps refusing; what is more than that stays as it is. */
const MOST = 10_000;
const KEY = 'released addresses';

/**
 * Has the kernel forget the connections of an address when nobody here has it any more: established ones are let
 * through unasked, and translated ones go on to where they went, so whoever gets the address next would get these too.
 */
export class ReleasedAddresses {
  readonly #kernel: Pick<Kernel, 'connectionList' | 'connectionsDelete'>;
  readonly #log: Log;
  readonly #paced: Paced;
  readonly #failing: RetryQueue<string>;
  /** The holder of each address: pods have their own, and floating addresses the pod's that they lead to. */
  #held: ReadonlyMap<string, string> = new Map();
  #released = new Set<string>();
  #working: Promise<void> = Promise.resolve();
  #isTold = false;

  constructor(options: { kernel: Pick<Kernel, 'connectionList' | 'connectionsDelete'>; clock: Clock; log: Log }) {
    this.#kernel = options.kernel;
    this.#log = options.log;
    this.#paced = new Paced(options.clock, PAUSE, () => void this.#pass());
    this.#failing = new RetryQueue(options.clock, { first: 1000, max: 60_000 });
  }

  apply(desired: Pick<Desired, 'workloads' | 'nat'>): void {
    const held = holdings(desired);
    for (const [holding, address] of this.#held) {
      if (!held.has(holding) && this.#released.size < MOST) this.#released.add(address);
    }
    this.#held = held;
    if (this.#released.size > 0) this.#paced.ask();
  }

  /** Resolves when the passes that are under way are over. */
  get settled(): Promise<void> {
    return this.#working;
  }

  stop(): void {
    this.#paced.stop();
    this.#failing.clear();
  }

  #pass(): Promise<void> {
    this.#working = this.#working.then(() => this.#forget());
    return this.#working;
  }

  async #forget(): Promise<void> {
    const addresses = this.#released;
    if (addresses.size === 0) return;
    this.#released = new Set();
    try {
      const connections = await this.#kernel.connectionList({ addresses });
      await this.#kernel.connectionsDelete(connections);
      this.#failing.done(KEY);
      if (connections.length > 0) {
        this.#log.debug({ addresses: [...addresses], connections: connections.length }, 'connections forgotten');
      }
    } catch (error) {
      this.#failed(addresses, error);
    }
  }

  #failed(addresses: ReadonlySet<string>, error: unknown): void {
    if (isKernelError(error, 'CLOSED')) return;
    if (isKernelError(error, ...UNSUPPORTED)) {
      if (!this.#isTold) this.#log.info({ err: reasonOf(error) }, 'connections of pods that end can not be forgotten');
      this.#isTold = true;
      return;
    }
    for (const address of addresses) this.#released.add(address);
    const attempts = this.#failing.failed(KEY, reasonOf(error), () => this.#paced.ask());
    if (attempts > 1) return;
    this.#log.warn({ err: reasonOf(error) }, 'connections of pods that have ended are still there; trying again later');
  }
}

/** By who has it to what, the address. A pod that comes again with its address has kept it. */
function holdings({ workloads, nat }: Pick<Desired, 'workloads' | 'nat'>): ReadonlyMap<string, string> {
  return new Map([
    ...workloads.flatMap(({ key, addresses }) =>
      addresses.map((cidr): [string, string] => [`${key} ${cidr}`, cidr.slice(0, cidr.indexOf('/'))]),
    ),
    ...nat.floatingIps.map(({ external, internal }): [string, string] => [`${external} ${internal}`, external]),
  ]);
}
