import type { Family } from '../../base/index.ts';
import { type DesiredPool, type DesiredTunnels, NO_TUNNELS } from '../../calc/desired/index.ts';
import {
  formatNeighbor,
  type InterfaceAddressEntry,
  type Link,
  type Neighbor,
  type RoutingRule,
} from '../../netlink/index.ts';
import { type FailedTunnel, TunnelDevice, type TunnelEntry } from '../device/device.ts';
import { deviceText, TUNNEL_KINDS, type TunnelKind } from '../device/render.ts';
import { type WireguardKernel, WireguardTunnel } from '../wireguard/tunnel.ts';
import { type TunnelOptions, VxlanTunnel } from './vxlan.ts';

/** The events that others wait for. */
export interface TunnelListeners {
  /** `tunl0` has become usable, or is so no longer. */
  readonly onIpip?: (() => void) | undefined;
  /** A VXLAN device has become usable, or is so no longer. */
  readonly onVxlan?: (() => void) | undefined;
  /** The public key of a family's WireGuard device, or that there is none. */
  readonly onKey?: ((family: Family, key: string | undefined) => void) | undefined;
}

/**
 * Keeps the tunnels: `tunl0` for routes that BGP learns, VXLAN and WireGuard with all that belongs to them. The first
 * two are for the pools that ask for them, WireGuard for all.
 */
export class TunnelReconciler {
  readonly #ipip: TunnelDevice;
  readonly #vxlan: readonly VxlanTunnel[];
  readonly #wireguard: readonly WireguardTunnel[];
  readonly #links = new Map<number, Link>();
  #desired: DesiredTunnels = NO_TUNNELS;
  #pools: readonly DesiredPool[] = [];

  constructor(options: TunnelOptions & TunnelListeners & { readonly kernel: WireguardKernel }) {
    const { onIpip, onVxlan, onKey } = options;
    this.#ipip = new TunnelDevice('ipip', options);
    this.#ipip.onChange = () => onIpip?.();
    this.#vxlan = [new VxlanTunnel(4, options), new VxlanTunnel(6, options)];
    for (const tunnel of this.#vxlan) tunnel.onDevice = () => onVxlan?.();
    this.#wireguard = [new WireguardTunnel(4, options), new WireguardTunnel(6, options)];
    for (const tunnel of this.#wireguard) tunnel.onKey = (key) => onKey?.(tunnel.family, key);
  }

  /**
   * Index of `tunl0` for routes through it; `pending` while the first attempt to make it is under way, in which routes
   * had better stay as they are; undefined when there is none.
   */
  get ipip(): number | 'pending' | undefined {
    return this.#ipip.pending ? 'pending' : this.#ipip.ready?.index;
  }

  apply(desired: DesiredTunnels, pools: readonly DesiredPool[]): void {
    this.#desired = desired;
    this.#pools = pools;
    this.#ipip.want(desired.ipip, pools);
    for (const tunnel of this.#vxlan) tunnel.apply(desired[tunnel.device.kind as 'vxlan4' | 'vxlan6'], pools);
    for (const tunnel of this.#wireguard) tunnel.apply(desired[tunnel.kind], pools);
  }

  /** The node's way out has another MTU. */
  hostMtuChanged(): void {
    void this.#checkDevices();
  }

  linkChanged(link: Link, present: boolean): void {
    const known = this.#links.get(link.index);
    if (present) this.#links.set(link.index, link);
    else this.#links.delete(link.index);
    if (present && known !== undefined && shape(known) === shape(link)) return;
    this.#ipip.linkChanged(link, present);
    for (const tunnel of [...this.#vxlan, ...this.#wireguard]) tunnel.linkChanged(link, present);
  }

  /** The node's own address, or one of a tunnel's, may have moved. */
  addressChanged({ address, dev }: InterfaceAddressEntry, present: boolean): void {
    if (!present) for (const tunnel of this.#wireguard) tunnel.addressGone(dev);
    const underlays = [this.#desired.vxlan4?.underlay, this.#desired.vxlan6?.underlay];
    const ours = this.#devices().some(({ name }) => name === dev);
    if (ours || underlays.includes(address.split('/')[0])) void this.#checkDevices();
  }

  neighborChanged(neighbor: Neighbor, present: boolean): void {
    for (const tunnel of this.#vxlan) tunnel.neighborChanged(neighbor, present);
  }

  ruleChanged(rule: RoutingRule, present: boolean): void {
    for (const tunnel of this.#wireguard) tunnel.ruleChanged(rule, present);
  }

  /** Whether the tunnel's device can be used: others may be told of its address. */
  isReady(kind: TunnelKind): boolean {
    return this.#devices().some((device) => device.kind === kind && device.ready !== undefined);
  }

  /** Looks at everything again and repairs what differs. Resolves when all has been tried once. */
  async check(): Promise<void> {
    await this.#ipip.check();
    for (const tunnel of [...this.#vxlan, ...this.#wireguard]) await tunnel.check();
  }

  /** Looks at what the kernel tells nobody of: what is on WireGuard's devices. */
  async look(): Promise<void> {
    for (const tunnel of this.#wireguard) await tunnel.look();
  }

  failures(): readonly FailedTunnel[] {
    const others = [...this.#vxlan, ...this.#wireguard];
    return [...this.#ipip.failures(), ...others.flatMap((tunnel) => tunnel.failures())];
  }

  /** Each device and entry that is wanted, whether it is there, and why. */
  entries(): readonly TunnelEntry[] {
    return [
      ...TUNNEL_KINDS.flatMap((kind) => this.#deviceEntry(kind)),
      ...this.#vxlan.flatMap((tunnel) => this.#neighborEntries(tunnel)),
      ...this.#wireguard.flatMap((tunnel) => tunnel.entries()),
    ];
  }

  stop(): void {
    this.#ipip.stop();
    for (const tunnel of [...this.#vxlan, ...this.#wireguard]) tunnel.stop();
  }

  async #checkDevices(): Promise<void> {
    for (const device of this.#devices()) await device.check();
  }

  #devices(): readonly TunnelDevice[] {
    return [this.#ipip, ...[...this.#vxlan, ...this.#wireguard].map(({ device }) => device)];
  }

  #deviceEntry(kind: TunnelKind): TunnelEntry[] {
    if (this.#desired[kind] === undefined) return [];
    const device = this.#devices().find((one) => one.kind === kind);
    const [failure] = device?.failures() ?? [];
    const { spec, ready } = device ?? {};
    const parent = this.#links.get(spec?.parent ?? 0)?.name ?? '';
    const text = spec === undefined ? `${device?.name}` : deviceText(spec, parent);
    return [{ text, present: ready !== undefined, why: failure?.reason ?? this.#reasonFor(kind) }];
  }

  #neighborEntries({ device, peers }: VxlanTunnel): TunnelEntry[] {
    const desired = this.#desired[device.kind as 'vxlan4' | 'vxlan6'];
    if (desired === undefined) return [];
    const nodes = new Map(desired.peers.map(({ mac, node }) => [mac, node]));
    return peers.entries().map(({ entry, present, why }) => ({
      text: formatNeighbor(entry),
      present,
      why: why ?? `node ${nodes.get(entry.mac)}`,
    }));
  }

  #reasonFor(kind: TunnelKind): string {
    if (kind === 'wireguard4') return 'FelixConfiguration: wireguardEnabled';
    if (kind === 'wireguard6') return 'FelixConfiguration: wireguardEnabledV6';
    const field = kind === 'ipip' ? 'ipip' : 'vxlan';
    const pools = this.#pools.filter(
      ({ encapsulation, cidr }) => encapsulation.startsWith(field) && cidr.includes(':') === (kind === 'vxlan6'),
    );
    if (kind === 'vxlan4' && pools.length === 0) return 'until IPIP can be used everywhere';
    return pools
      .map(
        ({ name, encapsulation }) => `pool ${name}: ${field}Mode ${encapsulation === field ? 'Always' : 'CrossSubnet'}`,
      )
      .join(', ');
  }
}

/** The properties of a link that matter here. */
function shape({ name, kind, mac, mtu, up, vxlan }: Link): string {
  return JSON.stringify([name, kind, mac, mtu, up, vxlan]);
}
