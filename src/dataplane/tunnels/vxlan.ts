import { type Clock, type Log, Passes } from '../../base/index.ts';
import type { DesiredPool, DesiredVxlan } from '../../calc/desired/index.ts';
import type { Link, Neighbor } from '../../netlink/index.ts';
import { type DeviceKernel, type FailedTunnel, TunnelDevice } from '../device/device.ts';
import { DEVICE } from '../device/render.ts';
import { prefixNumber, type RouteReconciler } from '../routes/reconcile.ts';
import { type NeighborKernel, VxlanPeers } from './peers.ts';
import { vxlanNeighbors, vxlanRoutes } from './render.ts';

export interface TunnelOptions {
  readonly kernel: DeviceKernel & NeighborKernel;
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
  /** Routes now wanted: CIDR → number of the how. */
  #wanted = new Map<string, number>();
  readonly #passes = new Passes(() => this.#pass());

  /** The device has become usable, or is so no longer. */
  onDevice: () => void = () => {};

  constructor(family: 4 | 6, options: TunnelOptions) {
    this.#family = family;
    this.#routes = options.routes;
    const kind = family === 4 ? 'vxlan4' : 'vxlan6';
    this.device = new TunnelDevice(kind, options);
    this.peers = new VxlanPeers(DEVICE[kind], options);
    this.device.onChange = () => {
      this.peers.forget();
      this.#drop();
      void this.#passes.run();
      this.onDevice();
    };
    this.peers.onPending = () => void this.#passes.run();
  }

  /** Routes that are not wanted any more go at once, in the same turn in which BGP takes over what it may carry now. */
  apply(desired: DesiredVxlan | undefined, pools: readonly DesiredPool[]): void {
    this.#desired = desired;
    this.device.want(desired, pools);
    this.#drop();
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
    await this.peers.bring(ready.life, vxlanNeighbors(this.#desired));
    if (ready !== this.device.ready) return;
    this.#want(this.#usable());
    if (!this.peers.hasSurplus) return;
    await this.#routes.flush();
    if (ready === this.device.ready) await this.peers.prune(this.#vteps(ready.index));
  }

  /**
   * Routes that packets can be sent by now. What is wanted may be newer than the entries: a route to a VTEP that the kernel
   * does not know yet stays as it is, by another way or none, until a later pass has made them.
   */
  #usable(): Map<string, number> {
    const { hows } = this.#routes;
    return new Map(
      [...this.#rendered()].flatMap(([cidr, how]) => {
        const before = this.#wanted.get(cidr);
        const [{ via, dev } = {}] = hows.how(how).nextHops;
        const vtep = dev === this.device.ready?.index ? (via ?? cidr.split('/')[0]) : undefined;
        const isNew = how !== before;
        if (!isNew || vtep === undefined || this.peers.reaches(vtep)) return [[cidr, how] as const];
        return before === undefined ? [] : [[cidr, before] as const];
      }),
    );
  }

  /** VTEPs to which the kernel has routes, wanted or not. */
  #vteps(device: number): ReadonlySet<string> {
    const table = this.#routes.tables[this.#family];
    const through = this.#routes.hows.all.map(({ nextHops }) => nextHops.find(({ dev }) => dev === device)?.via);
    const found = new Set<string>();
    for (let prefix = 0; prefix < table.prefixes.limit; prefix++) {
      const via = through[table.actual(prefix)];
      if (via !== undefined) found.add(via);
    }
    return found;
  }

  /** CIDR → how, as the device stands; nothing while there is none. */
  #rendered(): Map<string, number> {
    const { ready } = this.device;
    if (this.#desired === undefined || ready === undefined) return new Map();
    const routes = vxlanRoutes(this.#desired, ready.index, ready.parent);
    return new Map(routes.map(([cidr, how]) => [cidr, this.#routes.hows.id(how)]));
  }

  #drop(): void {
    const rendered = this.#rendered();
    this.#want(new Map([...this.#wanted].filter(([cidr]) => rendered.has(cidr))));
  }

  #want(wanted: Map<string, number>): void {
    const table = this.#routes.tables[this.#family];
    for (const cidr of this.#wanted.keys()) {
      if (!wanted.has(cidr)) table.want('tunnel', prefixNumber(table, cidr), 0);
    }
    for (const [cidr, how] of wanted) {
      if (this.#wanted.get(cidr) !== how) table.want('tunnel', prefixNumber(table, cidr), how);
    }
    this.#wanted = wanted;
    this.#routes.schedule();
  }
}
