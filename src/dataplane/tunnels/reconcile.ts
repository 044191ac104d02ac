import type { DesiredPool, DesiredTunnels } from '../../calc/desired.ts';
import { formatNeighbor, type InterfaceAddressEntry, type Link, type Neighbor } from '../../netlink/index.ts';
import { isUplink } from '../endpoints/mtu.ts';
import { type FailedTunnel, TunnelDevice } from './device.ts';
import { deviceText, TUNNEL_KINDS, type TunnelKind } from './render.ts';
import { type TunnelOptions, VxlanTunnel } from './vxlan.ts';

/** A tunnel's device or an entry on it, for people. */
export interface TunnelEntry {
  readonly text: string;
  readonly present: boolean;
  readonly why: string;
}

/** Keeps the tunnels that pools ask for: `tunl0` for routes that BGP learns, VXLAN with all that belongs to it. */
export class TunnelReconciler {
  readonly #ipip: TunnelDevice;
  readonly #vxlan: readonly VxlanTunnel[];
  readonly #links = new Map<number, Link>();
  #desired: DesiredTunnels = { ipip: undefined, vxlan4: undefined, vxlan6: undefined };
  #pools: readonly DesiredPool[] = [];
  /** `tunl0` has become usable, or is so no longer. */
  onIpip: () => void = () => {};

  constructor(options: TunnelOptions) {
    this.#ipip = new TunnelDevice('ipip', options);
    this.#ipip.onChange = () => this.onIpip();
    this.#vxlan = [new VxlanTunnel(4, options), new VxlanTunnel(6, options)];
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
  }

  linkChanged(link: Link, present: boolean): void {
    const known = this.#links.get(link.index);
    if (present) this.#links.set(link.index, link);
    else this.#links.delete(link.index);
    if (present && known !== undefined && shape(known) === shape(link)) return;
    this.#ipip.linkChanged(link, present);
    for (const tunnel of this.#vxlan) tunnel.linkChanged(link, present);
    if (isUplink(link)) void this.#checkDevices();
  }

  /** The node's own address, or one of a tunnel's, may have moved. */
  addressChanged({ address, dev }: InterfaceAddressEntry): void {
    const underlays = [this.#desired.vxlan4?.underlay, this.#desired.vxlan6?.underlay];
    const ours = this.#devices().some(({ name }) => name === dev);
    if (ours || underlays.includes(address.split('/')[0])) void this.#checkDevices();
  }

  neighborChanged(neighbor: Neighbor, present: boolean): void {
    for (const tunnel of this.#vxlan) tunnel.neighborChanged(neighbor, present);
  }

  /** Looks at everything again and repairs what differs. Resolves when all has been tried once. */
  async check(): Promise<void> {
    await this.#ipip.check();
    for (const tunnel of this.#vxlan) await tunnel.check();
  }

  failures(): readonly FailedTunnel[] {
    return [...this.#ipip.failures(), ...this.#vxlan.flatMap((tunnel) => tunnel.failures())];
  }

  /** Each device and entry that is wanted, whether it is there, and why. */
  entries(): readonly TunnelEntry[] {
    return [
      ...TUNNEL_KINDS.flatMap((kind) => this.#deviceEntry(kind)),
      ...this.#vxlan.flatMap((tunnel) => this.#neighborEntries(tunnel)),
    ];
  }

  stop(): void {
    this.#ipip.stop();
    for (const tunnel of this.#vxlan) tunnel.stop();
  }

  async #checkDevices(): Promise<void> {
    for (const device of this.#devices()) await device.check();
  }

  #devices(): readonly TunnelDevice[] {
    return [this.#ipip, ...this.#vxlan.map(({ device }) => device)];
  }

  #deviceEntry(kind: TunnelKind): TunnelEntry[] {
    if (this.#desired[kind] === undefined) return [];
    const device = this.#devices().find((one) => one.kind === kind);
    const [failure] = device?.failures() ?? [];
    const { spec, ready } = device ?? {};
    const parent = this.#links.get(spec?.parent ?? 0)?.name ?? '';
    const text = spec === undefined ? `${device?.name}` : deviceText(spec, parent);
    return [{ text, present: ready !== undefined, why: failure?.reason ?? this.#poolsOf(kind) }];
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

  #poolsOf(kind: TunnelKind): string {
    const encapsulation = kind === 'ipip' ? 'ipip' : 'vxlan';
    const pools = this.#pools.filter(
      (pool) => pool[encapsulation] !== 'Never' && pool.cidr.includes(':') === (kind === 'vxlan6'),
    );
    return pools.map((pool) => `pool ${pool.name}: ${encapsulation}Mode ${pool[encapsulation]}`).join(', ');
  }
}

/** What matters of a link here. */
function shape({ name, kind, mac, mtu, up, vxlan }: Link): string {
  return JSON.stringify([name, kind, mac, mtu, up, vxlan]);
}
