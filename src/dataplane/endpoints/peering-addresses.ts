import { type Clock, type Log, RetryQueue, reasonOf, same } from '../../base/index.ts';
import type { DesiredWorkload } from '../../calc/desired/index.ts';
import type { InterfaceAddressEntry, Kernel, Link } from '../../netlink/index.ts';

const KEY = 'look';

export interface PeeringAddressesOptions {
  readonly kernel: Pick<Kernel, 'addressList' | 'addressAdd' | 'addressDelete'>;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * The node's addresses on its pods' host ends, for pods that have BGP sessions with it (`localWorkloadPeeringIPV4`). They have
 * the host's scope, so that the node does not send from them otherwise: by that, and by the interface, a former run's are
 * known again.
 */
export class PeeringAddresses {
  readonly #options: PeeringAddressesOptions;
  readonly #links: ReadonlyMap<number, Link>;
  readonly #podPrefix: string;
  readonly #failing: RetryQueue<string>;
  /** By the interface's name. */
  #wanted: ReadonlyMap<string, readonly string[]> = new Map();
  #looking: Promise<void> | undefined;
  #again = false;

  /** `links`: the node's, as last seen. */
  constructor(options: PeeringAddressesOptions, links: ReadonlyMap<number, Link>, podPrefix: string) {
    this.#options = options;
    this.#links = links;
    this.#podPrefix = podPrefix;
    this.#failing = new RetryQueue(options.clock);
  }

  apply(workloads: readonly DesiredWorkload[]): void {
    const wanted = new Map(
      workloads.flatMap(({ interfaceName, peeringAddresses }) =>
        peeringAddresses ? [[interfaceName, peeringAddresses] as const] : [],
      ),
    );
    if (same([...wanted], [...this.#wanted])) return;
    this.#wanted = wanted;
    this.look();
  }

  linkChanged({ name, up }: Link, known: Link | undefined, present: boolean): void {
    if (present && up && !known?.up && this.#wanted.has(name)) this.look();
  }

  /** An address is gone from a link. */
  addressGone({ dev }: InterfaceAddressEntry): void {
    if (this.#wanted.has(dev)) this.look();
  }

  /** Compares with what there is, as soon as the last look is over. */
  look(): void {
    this.#again = true;
    this.#looking ??= this.#run();
  }

  problems(): readonly string[] {
    return this.#failing.details();
  }

  stop(): void {
    this.#failing.clear();
    this.#again = false;
  }

  async #run(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      try {
        await this.#settle(await this.#options.kernel.addressList());
        this.#failing.done(KEY);
      } catch (error) {
        const reason = reasonOf(error);
        this.#options.log.warn({ err: reason }, "the addresses for BGP with pods can't be set");
        this.#failing.failed(KEY, `addresses for BGP with pods: ${reason}`, () => this.look());
      }
    }
    this.#looking = undefined;
  }

  async #settle(entries: readonly InterfaceAddressEntry[]): Promise<void> {
    const { kernel } = this.#options;
    const held = new Set(entries.map(({ dev, address }) => `${dev} ${address}`));
    for (const { dev, address, scope } of entries) {
      const isOurs = dev.startsWith(this.#podPrefix) && isPeering(address, scope);
      if (isOurs && !this.#wanted.get(dev)?.includes(address)) await kernel.addressDelete({ dev, address, scope });
    }
    const present = new Set([...this.#links.values()].filter(({ up }) => up).map(({ name }) => name));
    for (const [dev, addresses] of this.#wanted) {
      if (!present.has(dev)) continue;
      for (const address of addresses) {
        if (held.has(`${dev} ${address}`)) continue;
        await kernel.addressAdd({ dev, address, ...(!address.includes(':') && { scope: 'host' }) });
      }
    }
  }
}

/** Of IPv6 the kernel has scopes of its own; what else is on a pod's interface is link-local. */
function isPeering(address: string, scope: InterfaceAddressEntry['scope']): boolean {
  return address.includes(':') ? address.endsWith('/128') && scope === 'global' : scope === 'host';
}
