import {
  containsAddress,
  type Entries,
  EntriesWriter,
  formatPrefix,
  hostPrefix,
  type Prefix,
  parsePrefix,
  same,
  tryParseAddress,
} from '../base/index.ts';
import type { KubernetesEndpointSlice, KubernetesService } from '../model/index.ts';
import type { Announcement } from './desired/index.ts';
import type { ServiceRanges } from './service-ranges.ts';
import { ServiceSlices } from './service-slices.ts';

const TYPES: readonly string[] = ['ClusterIP', 'NodePort', 'LoadBalancer'];

/** `ServiceRanges`, parsed. */
interface Ranges {
  readonly announcesCluster: boolean;
  readonly external: readonly Prefix[];
  readonly loadBalancer: readonly Prefix[];
  readonly aggregates: boolean;
}

/** Whether a Service's single addresses are announced, and why or why not: for people. */
export interface ServiceVerdict {
  readonly announces: boolean;
  readonly why: string;
}

/** The most nodes that are named; of more, how many. */
const NAMED = 8;

/**
 * Services and what is behind them → the addresses that this node announces, by CIDR. As Calico decides: a Service whose
 * `externalTrafficPolicy` is Local where an endpoint is ready on this node; another one where its ranges are single
 * addresses, or not aggregated. What several Services have is announced until the last of them has it no more. Unlike with
 * Calico, a cordoned node leaves Services to the others, where one of them can serve.
 */
export class ServiceRoutes {
  readonly #nodename: string;
  #writer = new EntriesWriter<Announcement>(same);
  #settings: ServiceRanges | undefined;
  #ranges: Ranges | undefined;
  /** Nodes that this one leaves Services to. */
  #others: readonly string[] = [];
  #seen: Entries<KubernetesService> | undefined;
  #slices = new ServiceSlices();
  /** By Service: what it has announced. */
  readonly #routes = new Map<string, readonly string[]>();
  /** By CIDR: the Services that have it. */
  readonly #holders = new Map<string, Set<string>>();

  constructor(nodename: string) {
    this.#nodename = nodename;
  }

  run(
    services: Entries<KubernetesService>,
    slices: Entries<KubernetesEndpointSlice>,
    settings: ServiceRanges | undefined,
    others: readonly string[],
  ): Entries<Announcement> {
    if (settings !== this.#settings || others !== this.#others) {
      this.#settings = settings;
      this.#others = others;
      this.#ranges = settings && parsed(settings);
      for (const service of this.#routes.keys()) this.#tell(service, []);
      this.#slices = new ServiceSlices();
      this.#seen = undefined;
    }
    if (settings !== undefined) this.#take(services, slices);
    return this.#writer.commit();
  }

  /** Whether any Service is of interest as of the last run. */
  get isAsked(): boolean {
    return this.#ranges !== undefined;
  }

  /** Whether it matters what is behind the Service, as of the last run. */
  heeds(service: string): boolean {
    const known = this.#seen?.get(service);
    return known !== undefined && this.#ranges !== undefined && this.#standing(known, this.#ranges) === 'by endpoints';
  }

  #take(services: Entries<KubernetesService>, slices: Entries<KubernetesEndpointSlice>): void {
    const touched = this.#slices.run(slices);
    for (const [key] of services.since(this.#seen)) touched.add(key);
    this.#seen = services;
    for (const service of touched) this.#tell(service, this.#routesOf(service, services.get(service)));
  }

  #tell(service: string, cidrs: readonly string[]): void {
    const changed = new Set([...(this.#routes.get(service) ?? []), ...cidrs]);
    for (const cidr of changed) {
      const holders = this.#holders.get(cidr) ?? new Set();
      if (cidrs.includes(cidr)) this.#holders.set(cidr, holders.add(service));
      else holders.delete(service);
      if (holders.size === 0) this.#holders.delete(cidr);
      this.#writer.set(
        cidr,
        holders.size === 0 ? undefined : { cidr, why: `service ${[...holders].sort().join(', ')}` },
      );
    }
    if (cidrs.length === 0) this.#routes.delete(service);
    else this.#routes.set(service, cidrs);
  }

  #routesOf(key: string, service: KubernetesService | undefined): readonly string[] {
    const ranges = this.#ranges;
    if (service === undefined || ranges === undefined) return [];
    if (!this.verdictOf(key, service).announces) return [];
    const { clusterIPs, externalIPs, loadBalancerIPs } = service.spec;
    return [
      ...new Set([
        ...(ranges.announcesCluster ? hosts(clusterIPs, undefined) : []),
        ...hosts(externalIPs, ranges.external),
        ...hosts(loadBalancerIPs, ranges.loadBalancer),
      ]),
    ];
  }

  /** Whether a Service's addresses are announced one by one from here, and why, as of the last run. */
  verdictOf(key: string, service: KubernetesService): ServiceVerdict {
    const ranges = this.#ranges;
    if (ranges === undefined) return { announces: false, why: 'this node announces no Services' };
    const standing = this.#standing(service, ranges);
    if (standing === 'none') return { announces: false, why: 'only what is Local is announced by itself' };
    const isLocal = service.spec.externalTrafficPolicy === 'Local';
    const ready = [...this.#slices.readyNodes(key, service)].filter((node) => node !== '').sort();
    const where = ready.length === 0 ? '; none is anywhere' : `; nodes with one: ${fewNames(ready)}`;
    if (standing === 'by endpoints' && !this.#isServedHere(key, service))
      return {
        announces: false,
        why: isLocal ? `Local, and no endpoint is ready here${where}` : 'no endpoint is ready',
      };
    if (this.#isServedByOthers(key, service))
      return { announces: false, why: `this node is cordoned, and others can serve it${isLocal ? where : ''}` };
    if (standing === 'always') return { announces: true, why: 'one of its addresses is a range of its own' };
    return { announces: true, why: isLocal ? `Local, and an endpoint is ready here${where}` : 'an endpoint is ready' };
  }

  /** Whether its addresses are announced one by one: always, never, or as its endpoints have it. */
  #standing({ spec }: KubernetesService, ranges: Ranges): 'always' | 'by endpoints' | 'none' {
    if (!TYPES.includes(spec.type) || spec.clusterIPs.length === 0) return 'none';
    if (spec.externalTrafficPolicy === 'Local') return 'by endpoints';
    if (spec.externalTrafficPolicy === 'Cluster') {
      const balanced = spec.type === 'LoadBalancer' ? [spec.loadBalancerIP ?? '', ...spec.loadBalancerIPs] : [];
      if (hosts(balanced, ranges.loadBalancer.filter(isSingle)).length > 0) return 'always';
      if (hosts(spec.externalIPs, ranges.external.filter(isSingle)).length > 0) return 'always';
    }
    return ranges.aggregates ? 'none' : 'by endpoints';
  }

  #isServedHere(key: string, service: KubernetesService): boolean {
    const ready = this.#slices.readyNodes(key, service);
    return service.spec.externalTrafficPolicy === 'Local' ? ready.has(this.#nodename) : ready.size > 0;
  }

  #isServedByOthers(key: string, service: KubernetesService): boolean {
    if (this.#others.length === 0 || service.spec.externalTrafficPolicy !== 'Local') return this.#others.length > 0;
    const ready = this.#slices.readyNodes(key, service);
    return this.#others.some((node) => ready.has(node));
  }
}

function fewNames(names: readonly string[]): string {
  const more = names.length - NAMED;
  return `${names.slice(0, NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function parsed({ cluster, external, loadBalancer, aggregates }: ServiceRanges): Ranges {
  const prefixes = (cidrs: readonly string[]): Prefix[] => cidrs.map((cidr) => parsePrefix(cidr));
  return {
    announcesCluster: cluster.length > 0,
    external: prefixes(external),
    loadBalancer: prefixes(loadBalancer),
    aggregates,
  };
}

/** The addresses as CIDRs of one: those inside the ranges, or all where there is no word of ranges. */
function hosts(addresses: readonly string[], ranges: readonly Prefix[] | undefined): string[] {
  return addresses.flatMap((text) => {
    const address = tryParseAddress(text);
    if (address === undefined || (ranges && !ranges.some((range) => containsAddress(range, address)))) return [];
    return [formatPrefix(hostPrefix(address))];
  });
}

function isSingle(prefix: Prefix): boolean {
  return prefix.length === (prefix.family === 4 ? 32 : 128);
}
