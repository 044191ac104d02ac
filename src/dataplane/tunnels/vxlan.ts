import { type Clock, type Log, Passes } from '../../base/index.ts';
import type { DesiredPool, DesiredVxlan } from '../../calc/desired/index.ts';
import type { FibInfo, Link, Neighbor } from '../../netlink/index.ts';
import { type DeviceKernel, type FailedTunnel, TunnelDevice } from '../device/device.ts';
import { DEVICE } from '../device/render.ts';
import { prefixNumber, type RouteReconciler } from '../routes/reconcile.ts';
import { type NeighborKernel, VxlanPeers } from './peers.ts';
import { VxlanWays } from './ways.ts';

export interface TunnelOptions {
  readonly kernel: DeviceKernel & NeighborKernel;
  /** The MTU of the node's way out, now. */
  readonly hostMtu: () => number;
  readonly routes: RouteReconciler;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * One family's VXLAN: the device, then who is behind it, then the routes there. A route comes after what it leads
 * through, and goes before it.
 */
export class VxlanTunnel {
  readonly device: TunnelDevice;
  readonly peers: VxlanPeers;
  readonly #family: 4 | 6;
  readonly #routes: RouteReconciler;
  #desired: DesiredVxlan | undefined;
  /** Routes now wanted: CIDR → number of the `FibInfo`. */
  readonly #wanted = new Map<string, number>();
  readonly #ways: VxlanWays;
  /** CIDRs whose routes may not be as they should. */
  readonly #due = new Set<string>();
  readonly #passes = new Passes(() => this.#pass());

  /** The device has become usable, or is so no longer. */
  onDevice: () => void = () => {};

  constructor(family: 4 | 6, options: TunnelOptions) {
    this.#family = family;
    this.#routes = options.routes;
    this.#ways = new VxlanWays(family);
    const kind = family === 4 ? 'vxlan4' : 'vxlan6';
    this.device = new TunnelDevice(kind, options);
    this.peers = new VxlanPeers(DEVICE[kind], options);
    this.device.onChange = () => {
      this.peers.forget();
      this.#changed([...this.#ways.all(), ...this.#wanted.keys()]);
      void this.#passes.run();
      this.onDevice();
    };
    this.peers.onPending = () => void this.#passes.run();
  }

  /** Routes that are not wanted any more go at once, in the same turn in which BGP takes over what it may carry now. */
  apply(desired: DesiredVxlan | undefined, pools: readonly DesiredPool[]): void {
    const isOther = (desired === undefined) !== (this.#desired === undefined);
    this.#desired = desired;
    this.device.want(desired, pools);
    if (desired !== undefined) this.#changed(this.#ways.run(desired.routes));
    if (isOther) this.#changed([...this.#ways.all(), ...this.#wanted.keys()]);
    void this.#passes.run();
  }

  linkChanged(link: Link, present: boolean): void {
    this.device.linkChanged(link, present);
  }

  neighborChanged(neighbor: Neighbor, present: boolean): void {
    this.peers.observed(neighbor, present);
  }

  /** Looks at everything again and repairs what differs; also the first attempt, at the start. */
  async check(): Promise<void> {
    await this.device.check();
    this.peers.forget();
    await this.#passes.run();
  }

  failures(): readonly FailedTunnel[] {
    return [...this.device.failures(), ...this.peers.failures()];
  }

  stop(): void {
    this.device.stop();
    this.peers.stop();
  }

  async #pass(): Promise<void> {
    const { ready } = this.device;
    if (this.#desired === undefined || ready === undefined) return;
    await this.peers.bring(ready.life, this.#desired.peers);
    if (ready !== this.device.ready) return;
    this.#settle();
    if (!this.peers.hasSurplus) return;
    await this.#routes.flush();
    if (ready === this.device.ready) await this.peers.prune(this.#vteps(ready.index));
  }

  /** Routes that packets can be sent by now; what waits for more than that goes on waiting. */
  #settle(): void {
    const due = [...this.#due];
    this.#due.clear();
    for (const cidr of due) this.#route(cidr);
    this.#routes.schedule();
  }

  /**
   * The desired state may be newer than the entries: a route to a VTEP that the kernel does not know yet stays as it
   * is, by another way or none, until a later pass has made them.
   */
  #route(cidr: string): void {
    const rendered = this.#rendered(cidr);
    if (rendered === undefined) {
      this.#want(cidr, 0);
      return;
    }
    const [{ via, dev } = {}] = rendered.nextHops;
    const vtep = dev === this.device.ready?.index ? (via ?? cidr.split('/')[0]) : undefined;
    const info = this.#routes.infos.id(rendered);
    if (info === this.#wanted.get(cidr)) return;
    if (vtep === undefined || this.peers.reaches(vtep)) this.#want(cidr, info);
    else this.#due.add(cidr);
  }

  /** VTEPs to which the kernel has routes, wanted or not. */
  #vteps(device: number): ReadonlySet<string> {
    const table = this.#routes.tables[this.#family];
    const found = new Set<string>();
    for (const [info, { nextHops }] of this.#routes.infos.all.entries()) {
      const via = nextHops.find(({ dev }) => dev === device)?.via;
      if (via !== undefined && table.isUsed(info)) found.add(via);
    }
    return found;
  }

  /** As the device stands; nothing while there is none. */
  #rendered(cidr: string): FibInfo | undefined {
    const { ready } = this.device;
    return this.#desired === undefined || ready === undefined ? undefined : this.#ways.info(cidr, ready);
  }

  /** These may be others from now on: what is gone goes at once, the rest when packets can be sent so. */
  #changed(cidrs: Iterable<string>): void {
    for (const cidr of cidrs) {
      this.#due.add(cidr);
      if (this.#rendered(cidr) === undefined) this.#want(cidr, 0);
    }
    this.#routes.schedule();
  }

  #want(cidr: string, info: number): void {
    if ((this.#wanted.get(cidr) ?? 0) === info) return;
    const table = this.#routes.tables[this.#family];
    table.want('tunnel', prefixNumber(table, cidr), info);
    if (info === 0) this.#wanted.delete(cidr);
    else this.#wanted.set(cidr, info);
  }
}
