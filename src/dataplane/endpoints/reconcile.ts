import { type Clock, type Log, parsePrefix, RetryQueue, reasonOf } from '../../base/index.ts';
import type { DesiredHost, DesiredWorkload } from '../../calc/desired.ts';
import type { Kernel, Link } from '../../netlink/index.ts';
import { prefixNumber, type RouteReconciler } from '../routes/reconcile.ts';
import { workloadRoute } from '../routes/render.ts';
import { hostEndOf, hostSysctls, routedTo } from './render.ts';
import { settle } from './sysctls.ts';

/** A pod that can't be reached yet, and why. */
export interface FailedEndpoint {
  readonly key: string;
  readonly reason: string;
}

/**
 * Keeps the host side of the node's pods: each has its routes while its interface is there, and the interface has the
 * settings that make it a pod's. Interfaces come and go under it, made by CNI requests and removed with their pods.
 */
export class EndpointReconciler {
  readonly #kernel: Pick<Kernel, 'sysctl'>;
  readonly #routes: RouteReconciler;
  readonly #log: Log;
  readonly #failing: RetryQueue<FailedEndpoint>;
  #workloads: readonly DesiredWorkload[] = [];
  #routeSource: DesiredHost['routeSource'] = {};
  readonly #links = new Map<string, Link>();
  /** Interface and settings that were last written, as text, by name. */
  readonly #configured = new Map<string, string>();
  /** Routes now wanted: CIDR → workload. */
  #wanted = new Map<string, string>();

  constructor(options: { kernel: Pick<Kernel, 'sysctl'>; routes: RouteReconciler; clock: Clock; log: Log }) {
    this.#kernel = options.kernel;
    this.#routes = options.routes;
    this.#log = options.log;
    this.#failing = new RetryQueue(options.clock);
  }

  /** The pods that there should be, and the source that the host has towards them. */
  apply(workloads: readonly DesiredWorkload[], { routeSource }: Pick<DesiredHost, 'routeSource'>): void {
    this.#workloads = workloads;
    this.#routeSource = routeSource;
    this.#render();
  }

  /** A link appeared, changed, or went. */
  linkChanged(link: Link, present: boolean): void {
    const known = this.#links.get(link.name);
    if (present) this.#links.set(link.name, link);
    else this.#links.delete(link.name);
    if (known?.index !== link.index || known?.up !== link.up || !present) this.#render();
  }

  /** Looks at the settings of all interfaces again: nobody tells of a sysctl that somebody changed. */
  async resync(): Promise<void> {
    for (const workload of this.#workloads) {
      const link = this.#links.get(workload.interfaceName);
      if (link !== undefined) await this.#settle(workload, link);
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

  failures(): readonly FailedEndpoint[] {
    return this.#failing.details();
  }

  stop(): void {
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

  async #settle(workload: DesiredWorkload, link: Link): Promise<void> {
    try {
      await settle(this.#kernel, hostSysctls(link.name, hostEndOf(workload)));
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
}
