import type { Family } from '../../base/index.ts';
import type { DesiredTunnels } from '../../calc/desired/index.ts';
import type { InterfaceAddressEntry, Link } from '../../netlink/index.ts';
import type { TunnelMatches } from './host-hooks.ts';
import { type HostSurroundings, NO_SURROUNDINGS } from './host-parts.ts';

/** The dataplane's knowledge of the node, for host endpoints. Equal knowledge is the same object. */
export class KnownSurroundings {
  readonly #podPrefix: string;
  readonly #links: ReadonlyMap<number, Link>;
  /** By the link's index. */
  readonly #addresses = new Map<number, Set<string>>();
  #names = '';
  #now: HostSurroundings = NO_SURROUNDINGS;
  #isKnown = false;

  /** `links` are the node's, as last seen. */
  constructor(links: ReadonlyMap<number, Link>, podPrefix: string) {
    this.#links = links;
    this.#podPrefix = podPrefix;
  }

  /** All addresses of the node's links. */
  listed(entries: readonly InterfaceAddressEntry[]): void {
    this.#addresses.clear();
    for (const entry of entries) this.addressChanged(entry, true);
    this.#isKnown = false;
  }

  addressChanged({ address, index }: InterfaceAddressEntry, present: boolean): void {
    const [at] = address.split('/');
    const held = this.#addresses.get(index) ?? new Set();
    if (held.has(at) === present) return;
    if (present) held.add(at);
    else held.delete(at);
    if (held.size === 0) this.#addresses.delete(index);
    else this.#addresses.set(index, held);
    this.#isKnown = false;
  }

  /** A link came, went or has another name. */
  linkChanged(link: Link, known: Link | undefined, present: boolean): void {
    const [before, now] = [known?.name, present ? link.name : undefined];
    if (before === now || [before, now].every((name) => name === undefined || name.startsWith(this.#podPrefix))) return;
    this.#isKnown = false;
  }

  set(tunnels: DesiredTunnels): void {
    this.#now = { ...this.#now, tunnels: { 4: matchesOf(4, tunnels), 6: matchesOf(6, tunnels) } };
  }

  get now(): HostSurroundings {
    if (this.#isKnown) return this.#now;
    this.#isKnown = true;
    const links = [...this.#links.values()]
      .filter(({ name }) => !name.startsWith(this.#podPrefix))
      .map(({ index, name }) => [name, [...(this.#addresses.get(index) ?? [])].sort()] as const);
    const text = JSON.stringify(links.sort());
    if (text !== this.#names) this.#now = { ...this.#now, links: new Map(links) };
    this.#names = text;
    return this.#now;
  }
}

/** WireGuard's packets prove themselves where they come from; the others do by their sender alone. */
function matchesOf(family: Family, tunnels: DesiredTunnels): TunnelMatches {
  const { ipip, hosts } = tunnels;
  const [vxlan, wireguard] = family === 4 ? [tunnels.vxlan4, tunnels.wireguard4] : [tunnels.vxlan6, tunnels.wireguard6];
  const between = [
    ...(vxlan === undefined ? [] : [`udp dport ${vxlan.port}`]),
    ...(ipip === undefined || family === 6 ? [] : ['meta l4proto 4']),
  ];
  return {
    between,
    nodes: hosts[family],
    wireguard: wireguard?.listenPort,
  };
}
