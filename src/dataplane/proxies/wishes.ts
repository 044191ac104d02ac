import type { Cancel, Clock } from '../../base/index.ts';
import type { DesiredReachability, ProxiedAddress } from '../../calc/desired/index.ts';
import type { InterfaceAddressEntry } from '../../netlink/index.ts';
import { DEVICE } from '../device/render.ts';
import { type HostSubnet, hostSubnets, keyOf, type ProxyEntry, proxiesOf } from './render.ts';

/**
 * Milliseconds that a Service's new owner waits: all nodes hear of a change at about the same time, and the former
 * owner stops at once. Longer than they hear apart, so that there are never two.
 */
const TAKEOVER = 250;

export interface WishOptions {
  readonly clock: Clock;
  readonly interfacePrefix?: string | undefined;
  /** Whether the kernel has the entry already: then it goes on without a pause. */
  readonly isPresent: (key: string) => boolean;
  /** A Service's address, or a gateway's, has an entry on this node, or none any more. */
  readonly onRoute: (address: string, isWanted: boolean) => void;
  readonly onChange: () => void;
}

/**
 * The addresses that the kernel should answer for now: they follow from `Desired`, from the host's subnets, and from
 * when it was first wanted.
 */
export class ProxyWishes {
  readonly #options: WishOptions;
  readonly #hosts = new Map<string, InterfaceAddressEntry>();
  #subnets: readonly HostSubnet[] = [];
  #own: ReadonlySet<string> = new Set();
  #desired: DesiredReachability | undefined;
  readonly #now = new Map<string, ProxyEntry>();
  readonly #waiting = new Map<string, { readonly entry: ProxyEntry; readonly cancel: Cancel }>();
  /** By address: the keys of its entries. */
  readonly #keys = new Map<string, readonly string[]>();

  constructor(options: WishOptions) {
    this.#options = options;
  }

  /** By key. */
  get now(): ReadonlyMap<string, ProxyEntry> {
    return this.#now;
  }

  get desired(): DesiredReachability | undefined {
    return this.#desired;
  }

  apply(desired: DesiredReachability | undefined): void {
    const before = this.#desired;
    this.#desired = desired;
    if (desired === undefined) for (const address of [...this.#keys.keys()]) this.#want(address, undefined);
    else for (const [address, now] of desired.addresses.since(before?.addresses)) this.#want(address, now);
    this.#options.onChange();
  }

  /** All addresses of the host's links. */
  listed(entries: readonly InterfaceAddressEntry[]): void {
    this.#hosts.clear();
    for (const entry of entries) this.#hosts.set(textOf(entry), entry);
    this.#moved();
  }

  addressChanged(entry: InterfaceAddressEntry, present: boolean): void {
    if (this.#hosts.has(textOf(entry)) === present) return;
    if (present) this.#hosts.set(textOf(entry), entry);
    else this.#hosts.delete(textOf(entry));
    this.#moved();
  }

  /** It waits no longer. */
  ripen(key: string): void {
    const waiting = this.#waiting.get(key);
    if (waiting === undefined) return;
    waiting.cancel();
    this.#waiting.delete(key);
    this.#now.set(key, waiting.entry);
    this.#options.onChange();
  }

  stop(): void {
    for (const { cancel } of this.#waiting.values()) cancel();
    this.#waiting.clear();
    this.#desired = undefined;
  }

  #moved(): void {
    const { interfacePrefix = 'cali' } = this.#options;
    const ours = new Set<string>(Object.values(DEVICE));
    const all = [...this.#hosts.values()];
    this.#subnets = hostSubnets(all, (dev) => dev.startsWith(interfacePrefix) || ours.has(dev));
    this.#own = new Set(all.map(({ address }) => address.split('/')[0]));
    for (const [address, proxied] of this.#desired?.addresses ?? []) this.#want(address, proxied);
    this.#options.onChange();
  }

  #want(address: string, proxied: ProxiedAddress | undefined): void {
    const entries = proxied === undefined ? [] : proxiesOf(proxied, this.#subnets, this.#own);
    const keys = entries.map(keyOf);
    for (const key of this.#keys.get(address) ?? []) {
      if (keys.includes(key)) continue;
      this.#waiting.get(key)?.cancel();
      this.#waiting.delete(key);
      this.#now.delete(key);
    }
    if (keys.length === 0) this.#keys.delete(address);
    else this.#keys.set(address, keys);
    for (const entry of entries) {
      const key = keyOf(entry);
      if (this.#now.has(key) || this.#waiting.has(key)) continue;
      const { clock, isPresent } = this.#options;
      if (entry.of === 'pod' || isPresent(key)) this.#now.set(key, entry);
      else this.#waiting.set(key, { entry, cancel: clock.after(TAKEOVER, () => this.ripen(key)) });
    }
    this.#options.onRoute(address, keys.length > 0 && proxied !== undefined && proxied.of !== 'pod');
  }
}

function textOf({ dev, address }: InterfaceAddressEntry): string {
  return `${address} ${dev}`;
}
