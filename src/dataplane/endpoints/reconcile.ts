import { type Log, Paced, RetryQueue, reasonOf, same } from '../../base/index.ts';
import type { DesiredHost, DesiredWorkload } from '../../calc/desired/index.ts';
import type { InterfaceAddressEntry, Link } from '../../netlink/index.ts';
import { Claimants } from '../claimants.ts';
import type { RouteReconciler } from '../routes/reconcile.ts';
import { Ages } from './ages.ts';
import type { EndpointOptions, FailedEndpoint } from './options.ts';
import { PodRoutes } from './pod-routes.ts';
import { GATEWAY_6, HOST_MAC, type HostEnd, hostEndOf, hostSysctls, routedTo } from './render.ts';
import { isThere, restore } from './restore.ts';
import { settle } from './sysctls.ts';

/** Milliseconds between repairs: somebody who undoes ours again and again must not keep both of us busy. */
const REPAIR_PAUSE = 100;

/**
 * Keeps the host side of the node's pods: each has its routes while its interface is there, and the interface has the
 * settings that make it a pod's. Interfaces come and go under it, made by CNI requests and removed with their pods.
 */
export class EndpointReconciler {
  readonly #kernel: EndpointOptions['kernel'];
  readonly #routes: RouteReconciler;
  readonly #policy: EndpointOptions['policy'];
  readonly #log: Log;
  readonly #failing: RetryQueue<FailedEndpoint>;
  /** By key. */
  readonly #workloads = new Map<string, DesiredWorkload>();
  /** The workloads that an interface belongs to: but for a moment one. */
  readonly #owners = new Claimants();
  readonly #links = new Map<string, Link>();
  /** Since when a link is there, or a pod wanted or unwanted, by the interface's name. */
  readonly #ages: Ages;
  /** Interface and settings that were last written, by name. */
  readonly #configured = new Map<string, { readonly index: number; readonly hostEnd: HostEnd }>();
  readonly #podRoutes: PodRoutes;
  /** Names of interfaces of which somebody has changed something. */
  readonly #suspects = new Set<string>();
  readonly #repairs: Paced;

  constructor(options: EndpointOptions) {
    this.#kernel = options.kernel;
    this.#routes = options.routes;
    this.#policy = options.policy;
    this.#podRoutes = new PodRoutes(options.routes, (key, cidr) => {
      const name = this.#workloads.get(key)?.interfaceName ?? '';
      return this.#policy.admits(name, cidr) ? this.#links.get(name) : undefined;
    });
    options.policy.onAdmitted = (names) => {
      for (const name of names) this.#render(name);
    };
    this.#log = options.log;
    this.#ages = new Ages(options.clock);
    this.#failing = new RetryQueue(options.clock);
    this.#repairs = new Paced(options.clock, REPAIR_PAUSE, () => void this.#repair());
  }

  get hasPods(): boolean {
    return this.#workloads.size > 0;
  }

  /** The pods that there should be, and the source that the host has towards them. */
  apply(workloads: readonly DesiredWorkload[], { routeSource }: Pick<DesiredHost, 'routeSource'>): void {
    const wanted = new Map(workloads.map((workload) => [workload.key, workload]));
    for (const [key, before] of this.#workloads) {
      if (before.interfaceName !== wanted.get(key)?.interfaceName) this.#forget(before);
    }
    for (const [key, workload] of wanted) {
      if (!same(this.#workloads.get(key), workload)) this.#want(workload);
    }
    this.#podRoutes.setSource(routeSource);
  }

  #forget({ key, interfaceName }: DesiredWorkload): void {
    this.#workloads.delete(key);
    this.#owners.put(key, []);
    if (this.#owner(interfaceName) === undefined) {
      this.#configured.delete(interfaceName);
      this.#note(interfaceName);
    }
    this.#failing.done(key);
    this.#podRoutes.put(key, []);
  }

  #want(workload: DesiredWorkload): void {
    const { key, interfaceName } = workload;
    const isNew = this.#owner(interfaceName) === undefined;
    this.#workloads.set(key, workload);
    this.#owners.put(key, [interfaceName]);
    if (isNew) this.#note(interfaceName);
    this.#podRoutes.put(key, routedTo(workload));
    const link = this.#links.get(interfaceName);
    if (link !== undefined) this.#configure(workload, link);
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
    if (!present) this.#configured.delete(link.name);
    if (known?.index !== link.index || known?.up !== link.up || !present) this.#render(link.name);
    const isOld = present && known?.index === link.index;
    if (isOld && ((known?.up && !link.up) || (known?.mac === HOST_MAC && link.mac !== HOST_MAC)))
      this.#suspect(link.name);
  }

  /** Hears from the kernel of a setting that somebody has changed. */
  settingChanged(name: string, value: string): void {
    const [, word] = /^net\.ipv[46]\.conf\.([^.]+)\./.exec(name) ?? [];
    const workload = this.#owner(word?.replaceAll('/', '.') ?? '');
    if (workload !== undefined) this.#compare(workload, new Map([[name, value]]));
  }

  /** The gateway's address, which the kernel had made, is gone: without it the node finds no pod's MAC. */
  addressGone({ dev, address }: InterfaceAddressEntry): void {
    if (address.startsWith(`${GATEWAY_6}/`)) this.#suspect(dev);
  }

  /** The settings of all links, as they are. */
  settingsSeen(found: ReadonlyMap<string, string>): void {
    for (const workload of this.#workloads.values()) this.#compare(workload, found);
  }

  /** Looks at the settings of all interfaces again. */
  async resync(): Promise<void> {
    for (const workload of this.#workloads.values()) {
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
      const [workload, link] = [this.#owner(name), this.#links.get(name)];
      if (workload === undefined || link === undefined || !(await isThere(this.#kernel, link))) continue;
      this.#log.warn(
        { endpoint: workload.key, interface: link.name },
        'somebody has changed a pod interface; put right',
      );
      await this.#settle(workload, link, true);
    }
  }

  /** Why a pod can't be reached, or not as it should be; undefined when all of it is there. */
  lacking(key: string): string | undefined {
    const workload = this.#workloads.get(key);
    if (workload === undefined) return 'no such endpoint';
    const link = this.#links.get(workload.interfaceName);
    if (!link?.up) return `interface ${workload.interfaceName} is ${link === undefined ? 'missing' : 'down'}`;
    const closed = this.#policy.lacking(workload.interfaceName);
    if (closed !== undefined) return `policy: ${closed}`;
    for (const cidr of routedTo(workload)) {
      const reason = this.#routes.lacking(cidr);
      if (reason !== undefined) return `route ${cidr}: ${reason}`;
    }
    return this.failures().find((failed) => failed.key === key)?.reason;
  }

  /** Pods whose interface has been missing for a while: longer than making one takes. */
  missing(workloads: readonly DesiredWorkload[]): readonly DesiredWorkload[] {
    return workloads.filter(({ interfaceName: name }) => !this.#links.has(name) && this.#ages.isSettled(name));
  }

  /** Interfaces by such a name that have been no pod's for a while. */
  strange(prefix: string): readonly string[] {
    return [...this.#links.values()]
      .filter(({ kind, name }) => kind === 'veth' && name.startsWith(prefix))
      .map(({ name }) => name)
      .filter((name) => this.#owner(name) === undefined && this.#ages.isSettled(name));
  }

  #note(name: string): void {
    this.#ages.note(name, this.#links.has(name) || this.#owner(name) !== undefined);
  }

  failures(): readonly FailedEndpoint[] {
    return this.#failing.details();
  }

  stop(): void {
    this.#repairs.stop();
    this.#failing.clear();
  }

  /** The pod whose interface has changed. */
  #render(name: string): void {
    const link = this.#links.get(name);
    for (const key of this.#owners.of(name)) {
      const workload = this.#workloads.get(key);
      if (workload === undefined) continue;
      if (link !== undefined) this.#configure(workload, link);
      this.#podRoutes.refresh(routedTo(workload));
    }
  }

  /** Of several, the last by its key. */
  #owner(name: string): DesiredWorkload | undefined {
    return this.#workloads.get(this.#owners.of(name).at(-1) ?? '');
  }

  #configure(workload: DesiredWorkload, link: Link): void {
    const settings = { index: link.index, hostEnd: hostEndOf(workload) };
    if (same(this.#configured.get(link.name), settings)) return;
    this.#configured.set(link.name, settings);
    void this.#settle(workload, link);
  }

  /** `wholly`: not the settings alone, but what else makes it a pod's interface. */
  async #settle(workload: DesiredWorkload, link: Link, wholly = false): Promise<void> {
    try {
      const hostEnd = hostEndOf(workload);
      await settle(this.#kernel, hostSysctls(link.name, hostEnd));
      if (wholly) await restore(this.#kernel, this.#links.get(link.name), hostEnd.hasIpv6);
      this.#failing.done(workload.key);
    } catch (error) {
      if (this.#links.get(link.name)?.index !== link.index || !(await isThere(this.#kernel, link))) return;
      const reason = reasonOf(error);
      this.#log.warn(
        { endpoint: workload.key, interface: link.name, err: reason },
        'a pod interface refuses its settings',
      );
      this.#failing.failed(workload.key, { key: workload.key, reason }, () => {
        this.#configured.delete(link.name);
        this.#render(link.name);
      });
    }
  }
}
