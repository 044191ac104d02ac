import { goPattern } from '../base/index.ts';
import type { Desired } from '../calc/desired/index.ts';
import type { InterfaceAddressEntry, Link } from '../netlink/index.ts';
import { DEVICE } from './device/render.ts';

/** Interfaces whose MTU bounds the pods', where `mtuIfacePattern` does not say: Calico's default. */
const UPLINK = /^((en|wl|ww|sl|ib)[Pcopsvx].*|(eth|wlan|wwan).*)/;
/** When there is no such link: safe on every cloud. */
const FALLBACK = 1460;

type Wish = Pick<Desired, 'host' | 'tunnels'>;

/**
 * The links that packets to other nodes leave by: those whose names say so, and those with the node's own addresses,
 * whatever their names, as of a bond, a bridge or a VLAN; but none of our own tunnels, which may have the node's
 * address too. The narrowest bounds pods and tunnel devices alike: this is the one place that decides.
 */
export class Underlay {
  readonly #links: ReadonlyMap<number, Link>;
  #pattern = UPLINK;
  #own: ReadonlySet<string> = new Set();
  /** Names of our own devices. */
  #ours: ReadonlySet<string> = new Set(Object.values(DEVICE));
  #narrowest: Link | undefined;
  #isKnown = false;
  /** Indexes of the links that have it, by address. */
  readonly #held = new Map<string, Set<number>>();

  constructor(links: ReadonlyMap<number, Link>) {
    this.#links = links;
  }

  set({ host, tunnels }: Wish): void {
    this.#pattern = host.uplinks === undefined ? UPLINK : goPattern(host.uplinks);
    const { vxlan4, vxlan6, wireguard4, wireguard6 } = tunnels;
    const underlays = [vxlan4, vxlan6, wireguard4, wireguard6].flatMap((tunnel) => tunnel?.underlay ?? []);
    this.#own = new Set([...(host.addresses ?? []), ...underlays]);
    const named = [wireguard4, wireguard6].flatMap((tunnel) => tunnel?.device ?? []);
    this.#ours = new Set([...Object.values(DEVICE), ...named]);
    this.#isKnown = false;
  }

  /** All addresses of the host's links. */
  listed(entries: readonly InterfaceAddressEntry[]): void {
    this.#held.clear();
    for (const { address, index } of entries) this.#hold(bare(address), index);
    this.#isKnown = false;
  }

  /** Whether it is one of the node's own. */
  addressChanged({ address, index }: InterfaceAddressEntry, present: boolean): boolean {
    const at = bare(address);
    if (present) this.#hold(at, index);
    else if (this.#held.get(at)?.delete(index) && this.#held.get(at)?.size === 0) this.#held.delete(at);
    if (!this.#own.has(at)) return false;
    this.#isKnown = false;
    return true;
  }

  /** Whether it is, or was before, one whose MTU counts. */
  linkChanged(link: Link, known: Link | undefined): boolean {
    const holders = this.#holders();
    if (![link, known].some((one) => one !== undefined && this.#counts(one, holders))) return false;
    this.#isKnown = false;
    return true;
  }

  /** Whether what other nodes send comes in by that link: a tunnel of ours, or one with an address of the node's. */
  isWayIn(dev: string): boolean {
    if (this.#ours.has(dev)) return true;
    return [...this.#holders()].some((index) => this.#links.get(index)?.name === dev);
  }

  /** The largest packet that may leave the node. */
  get mtu(): number {
    return this.narrowest?.mtu ?? FALLBACK;
  }

  get narrowest(): Link | undefined {
    if (!this.#isKnown) this.#narrowest = this.#find();
    this.#isKnown = true;
    return this.#narrowest;
  }

  #find(): Link | undefined {
    const holders = this.#holders();
    let narrowest: Link | undefined;
    for (const link of this.#links.values()) {
      if (link.mtu < (narrowest?.mtu ?? Number.POSITIVE_INFINITY) && this.#counts(link, holders)) narrowest = link;
    }
    return narrowest;
  }

  /** An address on the loopback says nothing of the way. */
  #counts({ index, name, up, flags }: Link, holders: ReadonlySet<number>): boolean {
    if (this.#ours.has(name) || flags.includes('LOOPBACK')) return false;
    return (up && this.#pattern.test(name)) || holders.has(index);
  }

  #holders(): ReadonlySet<number> {
    return new Set([...this.#own].flatMap((address) => [...(this.#held.get(address) ?? [])]));
  }

  #hold(address: string, index: number): void {
    this.#held.set(address, (this.#held.get(address) ?? new Set()).add(index));
  }
}

function bare(address: string): string {
  return address.split('/')[0];
}
