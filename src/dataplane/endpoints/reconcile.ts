import { type Clock, type Log, Paced, parsePrefix, RetryQueue, reasonOf } from '../../base/index.ts';
import type { DesiredHost, DesiredWorkload } from '../../calc/desired/index.ts';
import type { InterfaceAddressEntry, Kernel, Link } from '../../netlink/index.ts';
import { prefixNumber, type RouteReconciler } from '../routes/reconcile.ts';
import { workloadRoute } from '../routes/render.ts';
import { GATEWAY_6, HOST_MAC, hostEndOf, hostSysctls, routedTo } from './render.ts';
import { settle } from './sysctls.ts';

/** A pod that can't be reached yet, and why. */
export interface FailedEndpoint {
  readonly key: string;
  readonly reason: string;
}

type EndpointKernel = Pick<Kernel, 'sysctl' | 'linkSet' | 'addressList' | 'addressAdd'>;

/** Milliseconds between repairs: somebody who undoes ours again and again must not keep both of us busy. */
const REPAIR_PAUSE = 100;
/** An interface and its endpoint come and go one after the other: so long one may be without the other. Milliseconds. */
const SETTLE = 10_000;

/**
 * Keeps the host side of the node's pods: each has its routes while its interface is there, and the interface has the
 * settings that make it a pod's. Interfaces come and go under it, made by CNI requests and removed with their pods.
 */
export class EndpointReconciler {
  readonly #kernel: EndpointKernel;
  readonly #routes: RouteReconciler;
  readonly #log: Log;
  readonly #failing: RetryQueue<FailedEndpoint>;
  #workloads: readonly DesiredWorkload[] = [];
  #byInterface: ReadonlyMap<string, DesiredWorkload> = new Map();
  #routeSource: DesiredHost['routeSource'] = {};
  readonly #links = new Map<string, Link>();
  readonly #clock: Clock;
  /** Since when a link is there, or a pod wanted or unwanted, by the interface's name. */
  readonly #since = new Map<string, number>();
  /** Interface and settings that were last written, as text, by name. */
  readonly #configured = new Map<string, string>();
  /** Routes now wanted: CIDR → workload. */
  #wanted = new Map<string, string>();
  /** Names of interfaces of which somebody has changed something. */
  readonly #suspects = new Set<string>();
  readonly #repairs: Paced;

  constructor(options: { kernel: EndpointKernel; routes: RouteReconciler; clock: Clock; log: Log }) {
    this.#kernel = options.kernel;
    this.#routes = options.routes;
    this.#log = options.log;
    this.#clock = options.clock;
    this.#failing = new RetryQueue(options.clock);
    this.#repairs = new Paced(options.clock, REPAIR_PAUSE, () => void this.#repair());
  }

  get hasPods(): boolean {
    return this.#workloads.length > 0;
  }

  /** The pods that there should be, and the source that the host has towards them. */
  apply(workloads: readonly DesiredWorkload[], { routeSource }: Pick<DesiredHost, 'routeSource'>): void {
    const before = this.#byInterface;
    this.#workloads = workloads;
    this.#byInterface = new Map(workloads.map((workload) => [workload.interfaceName, workload]));
    for (const name of before.keys()) if (!this.#byInterface.has(name)) this.#note(name);
    for (const name of this.#byInterface.keys()) if (!before.has(name)) this.#note(name);
    this.#routeSource = routeSource;
    this.#render();
  }

  /** A link appeared, changed, or went. */
  linkChanged(link: Link, present: boolean): void {
    const known = this.#links.get(link.name);
    if (present) this.#links.set(link.name, link);
    else {
      this.#links.delete(link.name);
      this.#configured.delete(link.name);
    }
    if (known?.index !== link.index || !present) this.#note(link.name);
    if (known?.index !== link.index || known?.up !== link.up || !present) this.#render();
    const isOld = present && known?.index === link.index;
    if (isOld && ((known?.up && !link.up) || (known?.mac === HOST_MAC && link.mac !== HOST_MAC)))
      this.#suspect(link.name);
  }

  /** What the kernel tells of a setting that somebody has changed. */
  settingChanged(name: string, value: string): void {
    const [, word] = /^net\.ipv[46]\.conf\.([^.]+)\./.exec(name) ?? [];
    const workload = this.#byInterface.get(word?.replaceAll('/', '.') ?? '');
    if (workload !== undefined) this.#compare(workload, new Map([[name, value]]));
  }

  /** The gateway's address, which the kernel had made, is gone: without it the node finds no pod's MAC. */
  addressGone({ dev, address }: InterfaceAddressEntry): void {
    if (address.startsWith(`${GATEWAY_6}/`)) this.#suspect(dev);
  }

  /** The settings of all links, as they are. */
  settingsSeen(found: ReadonlyMap<string, string>): void {
    for (const workload of this.#workloads) this.#compare(workload, found);
  }

  /** Looks at the settings of all interfaces again. */
  async resync(): Promise<void> {
    for (const workload of this.#workloads) {
      const link = this.#links.get(workload.interfaceName);
      if (link !== undefined) await this.#settle(workload, link);
    }
  }

  #compare(workload: DesiredWorkload, found: ReadonlyMap<string, string>): void {
    const { interfaceName } = workload;
    if (!this.#configured.has(interfaceName) || !this.#links.has(interfaceName)) return;
    const differs = hostSysctls(interfaceName, hostEndOf(workload)).some(
      ([name, value]) => (found.get(name) ?? value) !== value,
    );
    if (differs) this.#suspect(interfaceName);
  }

  #suspect(interfaceName: string): void {
    this.#suspects.add(interfaceName);
    this.#repairs.ask();
  }

  async #repair(): Promise<void> {
    const suspects = [...this.#suspects];
    this.#suspects.clear();
    for (const name of suspects) {
      const [workload, link] = [this.#byInterface.get(name), this.#links.get(name)];
      if (workload === undefined || link === undefined) continue;
      this.#log.warn(
        { endpoint: workload.key, interface: link.name },
        'somebody has changed a pod interface; put right',
      );
      await this.#settle(workload, link, true);
    }
  }

  /** Why a pod can't be reached, or not as it should be; undefined when all of it is there. */
  lacking(key: string): string | undefined {
    const workload = this.#workloads.find((candidate) => candidate.key === key);
    if (workload === undefined) return 'no such endpoint';
    const link = this.#links.get(workload.interfaceName);
    if (!link?.up) return `interface ${workload.interfaceName} is ${link === undefined ? 'missing' : 'down'}`;
    for (const cidr of routedTo(workload)) {
      const reason = this.#routes.lacking(cidr);
      if (reason !== undefined) return `route ${cidr}: ${reason}`;
    }
    return this.failures().find((failed) => failed.key === key)?.reason;
  }

  /** Pods whose interface has been missing for a while: longer than making one takes. */
  missing(workloads: readonly DesiredWorkload[]): readonly DesiredWorkload[] {
    return workloads.filter(({ interfaceName: name }) => !this.#links.has(name) && this.#isSettled(name));
  }

  /** Interfaces by such a name that have been no pod's for a while. */
  strange(prefix: string): readonly string[] {
    return [...this.#links.values()]
      .filter(({ kind, name }) => kind === 'veth' && name.startsWith(prefix))
      .map(({ name }) => name)
      .filter((name) => !this.#byInterface.has(name) && this.#isSettled(name));
  }

  #note(name: string): void {
    if (this.#links.has(name) || this.#byInterface.has(name)) this.#since.set(name, this.#clock.now());
    else this.#since.delete(name);
  }

  #isSettled(name: string): boolean {
    return this.#clock.now() - (this.#since.get(name) ?? 0) >= SETTLE;
  }

  failures(): readonly FailedEndpoint[] {
    return this.#failing.details();
  }

  stop(): void {
    this.#repairs.stop();
    this.#failing.clear();
  }

  #render(): void {
    const wanted = new Map<string, string>();
    for (const workload of this.#workloads) {
      const link = this.#links.get(workload.interfaceName);
      if (link === undefined) continue;
      this.#configure(workload, link);
      for (const cidr of routedTo(workload)) {
        wanted.set(cidr, workload.key);
        const source = this.#routeSource[parsePrefix(cidr).family];
        this.#want(cidr, link.up ? this.#routes.hows.id(workloadRoute(link.index, source)) : 0);
      }
    }
    for (const cidr of this.#wanted.keys()) if (!wanted.has(cidr)) this.#want(cidr, 0);
    this.#wanted = wanted;
    this.#routes.schedule();
  }

  #want(cidr: string, how: number): void {
    const table = this.#routes.tables[parsePrefix(cidr).family];
    table.want('workload', prefixNumber(table, cidr), how);
  }

  #configure(workload: DesiredWorkload, link: Link): void {
    const settings = `${link.index} ${JSON.stringify(hostEndOf(workload))}`;
    if (this.#configured.get(link.name) === settings) return;
    this.#configured.set(link.name, settings);
    void this.#settle(workload, link);
  }

  /** `wholly`: not the settings alone, but what else makes it a pod's interface. */
  async #settle(workload: DesiredWorkload, link: Link, wholly = false): Promise<void> {
    try {
      const hostEnd = hostEndOf(workload);
      await settle(this.#kernel, hostSysctls(link.name, hostEnd));
      if (wholly) await this.#restore(link, hostEnd.hasIpv6);
      this.#failing.done(workload.key);
    } catch (error) {
      if (this.#links.get(link.name)?.index !== link.index) return;
      const reason = reasonOf(error);
      this.#log.warn(
        { endpoint: workload.key, interface: link.name, err: reason },
        'a pod interface refuses its settings',
      );
      this.#failing.failed(workload.key, { key: workload.key, reason }, () => {
        this.#configured.delete(link.name);
        this.#render();
      });
    }
  }

  /** The link as it was made: up, with the MAC that pods take for their gateway's, and the address that follows from it. */
  async #restore({ name }: Link, hasIpv6: boolean): Promise<void> {
    const link = this.#links.get(name);
    if (link === undefined) return;
    const change = { ...(!link.up && { up: true }), ...(link.mac !== HOST_MAC && { mac: HOST_MAC }) };
    if (Object.keys(change).length > 0) await this.#kernel.linkSet(name, change);
    if (!hasIpv6) return;
    const gateway = `${GATEWAY_6}/64`;
    const held = await this.#kernel.addressList({ dev: name, family: 6 });
    if (held.some(({ address }) => address === gateway)) return;
    await this.#kernel.addressAdd({ dev: name, address: gateway, scope: 'link' });
  }
}
