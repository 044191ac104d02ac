import { type Cancel, type Clock, type Log, Passes, RetryQueue, reasonOf } from '../../base/index.ts';
import type { DesiredReachability } from '../../calc/desired/index.ts';
import { type InterfaceAddressEntry, isKernelError, type Kernel, sysctlWord } from '../../netlink/index.ts';
import { settle } from '../endpoints/sysctls.ts';
import { prefixNumber, type RouteReconciler } from '../routes/reconcile.ts';
import { ROUTE_PROTOCOL } from '../routes/render.ts';
import { keyOf, type ProxyEntry, proxySettings, SERVICE_ROUTE } from './render.ts';
import { ProxyWishes } from './wishes.ts';

/** Milliseconds after the first announcement at which it is said again: frames get lost. */
const REPEATS = [1000, 3000];
const WHAT = 'addresses answered for';

export type ProxyKernel = Pick<
  Kernel,
  'neighborList' | 'neighborAdd' | 'neighborDelete' | 'neighborAnnounce' | 'sysctl'
>;

export interface ProxyOptions {
  readonly kernel: ProxyKernel;
  readonly clock: Clock;
  readonly log: Log;
  readonly routes: Pick<RouteReconciler, 'tables' | 'infos' | 'schedule' | 'flush'>;
  readonly interfacePrefix?: string;
}

export interface FailedProxies {
  readonly what: string;
  readonly reason: string;
}

/**
 * Has the kernel answer ARP and ND on the host's own subnets for pods and for Services' addresses (proxy neighbours,
 * which carry our protocol number), and tells everybody on the subnet when the node begins to.
 */
export class ProxyReconciler {
  readonly #options: ProxyOptions;
  readonly #failing: RetryQueue<FailedProxies>;
  readonly #passes = new Passes(() => this.#pass());
  readonly #wishes: ProxyWishes;
  /** By key: what of ours the kernel has. */
  readonly #present = new Map<string, ProxyEntry>();
  /** Devices whose settings are as they must be. */
  readonly #ready = new Set<string>();
  readonly #timers = new Set<Cancel>();
  #refresh: Cancel | undefined;
  #hasLooked = false;

  constructor(options: ProxyOptions) {
    this.#options = options;
    this.#failing = new RetryQueue(options.clock);
    this.#wishes = new ProxyWishes({
      clock: options.clock,
      interfacePrefix: options.interfacePrefix,
      isPresent: (key) => this.#present.has(key),
      onRoute: (address, isWanted) => this.#route(address, isWanted),
      onChange: () => this.#soon(),
    });
  }

  /** Applying the same again does nothing. */
  apply(desired: DesiredReachability | undefined): void {
    const before = this.#wishes.desired;
    if (desired === before) return;
    this.#wishes.apply(desired);
    if (desired?.refresh !== before?.refresh) this.#refreshLater();
  }

  /** All addresses of the host's links. */
  listed(entries: readonly InterfaceAddressEntry[]): void {
    this.#wishes.listed(entries);
  }

  addressChanged(entry: InterfaceAddressEntry, present: boolean): void {
    this.#wishes.addressChanged(entry, present);
  }

  /** Reads what the kernel has, and puts right what differs. */
  async check(): Promise<void> {
    if (this.#wishes.desired === undefined && this.#hasLooked) return;
    try {
      const found = await this.#options.kernel.neighborList();
      this.#present.clear();
      this.#ready.clear();
      for (const { dev, destination: address, proxy, protocol } of found) {
        if (!proxy || protocol !== ROUTE_PROTOCOL) continue;
        const entry = { dev, address, of: this.#wishes.desired?.addresses.get(address)?.of ?? 'service' } as const;
        this.#present.set(keyOf(entry), entry);
      }
      this.#hasLooked = true;
      // Answers that a former run began go on without a pause.
      for (const key of this.#present.keys()) this.#wishes.ripen(key);
      await this.#passes.run();
    } catch (error) {
      this.#failed(error);
    }
  }

  failures(): readonly FailedProxies[] {
    return this.#failing.details();
  }

  /** Stops, and leaves the kernel as it is: the node goes on answering. */
  stop(): void {
    for (const cancel of this.#timers) cancel();
    this.#refresh?.();
    this.#failing.clear();
    this.#wishes.stop();
    this.#hasLooked = false;
  }

  /** By IPv6 no route is asked for. */
  #route(address: string, isWanted: boolean): void {
    if (address.includes(':')) return;
    const { routes } = this.#options;
    const table = routes.tables[4];
    table.want('blackhole', prefixNumber(table, `${address}/32`), isWanted ? routes.infos.id(SERVICE_ROUTE) : 0);
    routes.schedule();
  }

  #soon(): void {
    if (this.#hasLooked) void this.#passes.run().catch((error) => this.#failed(error));
  }

  async #pass(): Promise<void> {
    const { kernel, log, routes } = this.#options;
    for (const [key, entry] of this.#present) {
      if (this.#wishes.now.has(key)) continue;
      await kernel.neighborDelete(asNeighbor(entry)).catch(unlessGone);
      this.#present.delete(key);
      log.info({ address: entry.address, dev: entry.dev }, 'no longer answering for an address');
    }
    const missing = [...this.#wishes.now].filter(([key]) => !this.#present.has(key));
    if (missing.length > 0) await routes.flush();
    const added: ProxyEntry[] = [];
    for (const [key, entry] of missing) {
      if (!this.#wishes.now.has(key)) continue;
      if (!this.#ready.has(entry.dev)) await settle(kernel, proxySettings(sysctlWord(entry.dev)));
      this.#ready.add(entry.dev);
      await kernel.neighborAdd(asNeighbor(entry));
      this.#present.set(key, entry);
      added.push(entry);
      log.info({ address: entry.address, dev: entry.dev }, 'answering for an address');
    }
    this.#failing.done(WHAT);
    if (added.length === 0) return;
    await this.#announce(added);
    for (const delay of REPEATS) this.#later(delay, () => this.#announce(added));
  }

  /** Of these, those that are still answered for. */
  async #announce(entries: Iterable<ProxyEntry>): Promise<void> {
    const now = [...entries].filter((entry) => this.#wishes.now.has(keyOf(entry)));
    for (const [dev, some] of Map.groupBy(now, ({ dev }) => dev)) {
      const addresses = some.map(({ address }) => address);
      await this.#options.kernel.neighborAnnounce(dev, addresses).catch((error) => {
        this.#options.log.debug({ dev, err: reasonOf(error) }, 'nobody is told at which MAC addresses are');
      });
    }
  }

  #later(delay: number, work: () => Promise<void>): void {
    const cancel = this.#options.clock.after(delay, () => {
      this.#timers.delete(cancel);
      void work();
    });
    this.#timers.add(cancel);
  }

  #refreshLater(): void {
    this.#refresh?.();
    const { refresh = 0 } = this.#wishes.desired ?? {};
    if (refresh === 0) return;
    this.#refresh = this.#options.clock.after(refresh * 1000, () => {
      void this.#announce(this.#present.values());
      this.#refreshLater();
    });
  }

  #failed(error: unknown): void {
    const reason = reasonOf(error);
    const attempts = this.#failing.failed(WHAT, { what: WHAT, reason }, () => void this.check());
    if (attempts === 1)
      this.#options.log.warn({ err: reason }, 'the kernel does not answer for all addresses that it should');
  }
}

function asNeighbor({ dev, address: destination }: ProxyEntry) {
  return { dev, destination, mac: '', proxy: true, protocol: ROUTE_PROTOCOL };
}

/** It is gone, or its device is. */
function unlessGone(error: unknown): void {
  if (!isKernelError(error, 'ENOENT', 'ENODEV')) throw error;
}
