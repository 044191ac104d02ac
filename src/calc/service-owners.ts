import {
  containsAddress,
  type Entries,
  EntriesWriter,
  formatAddress,
  type Prefix,
  parsePrefix,
  same,
  tryParseAddress,
} from '../base/index.ts';
import type { KubernetesEndpointSlice, KubernetesService } from '../model/index.ts';
import type { AnsweringNode } from './answering-nodes.ts';
import type { ProxiedAddress } from './desired/index.ts';
import { hashOf, scoreOf } from './rendezvous.ts';
import { ServiceSlices } from './service-slices.ts';

/** The addresses of Services that nodes answer for, as CIDRs: those that an operator has set apart, and no others. */
export interface AnsweredRanges {
  readonly loadBalancer: readonly string[];
  readonly external: readonly string[];
}

/** The addresses that a Service wishes to be answered for, and the nodes that may: any, or one of these. */
interface Wish {
  readonly addresses: readonly string[];
  readonly nodes: ReadonlySet<string> | undefined;
}

interface Scored {
  readonly node: AnsweringNode;
  readonly score: number;
}

interface Candidate {
  readonly node: AnsweringNode;
  readonly subnets: readonly Prefix[];
  readonly hash: number;
}

/**
 * Services, what is behind them and the nodes → the addresses that this node answers for. Every node works out the same
 * owner of an address: of the nodes on its subnet, of those with a ready endpoint where the traffic policy is Local,
 * that with the highest score (rendezvous hashing: of what a node has that goes, the others take each a part, and
 * nothing else moves).
 */
export class ServiceOwners {
  readonly #nodename: string;
  #writer = new EntriesWriter<ProxiedAddress>(same);
  #slices = new ServiceSlices();
  #seen: Entries<KubernetesService> | undefined;
  #ranges: { readonly loadBalancer: readonly Prefix[]; readonly external: readonly Prefix[] } | undefined;
  #givenRanges: AnsweredRanges | undefined;
  #seenNodes: Entries<AnsweringNode> | undefined;
  readonly #candidates = new Map<string, Candidate>();
  readonly #wishes = new Map<string, Wish>();
  /** By address: the Services that have it. */
  readonly #holders = new Map<string, Set<string>>();

  constructor(nodename: string) {
    this.#nodename = nodename;
  }

  run(
    services: Entries<KubernetesService>,
    slices: Entries<KubernetesEndpointSlice>,
    ranges: AnsweredRanges | undefined,
    nodes: Entries<AnsweringNode>,
  ): Entries<ProxiedAddress> {
    if (ranges !== this.#givenRanges) {
      this.#givenRanges = ranges;
      this.#ranges = ranges && { loadBalancer: parsed(ranges.loadBalancer), external: parsed(ranges.external) };
      for (const service of [...this.#wishes.keys()]) this.#tell(service, undefined);
      this.#slices = new ServiceSlices();
      this.#seen = undefined;
    }
    const moved = nodes.since(this.#seenNodes);
    for (const [name, node] of moved) {
      if (node === undefined) this.#candidates.delete(name);
      else this.#candidates.set(name, { node, subnets: parsed(node.subnets), hash: hashOf(name) });
    }
    this.#seenNodes = nodes;
    if (ranges !== undefined) {
      const touched = this.#slices.run(slices);
      for (const [key] of services.since(this.#seen)) touched.add(key);
      this.#seen = services;
      for (const key of touched) this.#tell(key, this.#wishOf(key, services.get(key)));
    }
    if (moved.length > 0) for (const address of this.#holders.keys()) this.#settle(address);
    return this.#writer.commit();
  }

  /** Whether any Service is of interest as of the last run. */
  get isAsked(): boolean {
    return this.#ranges !== undefined;
  }

  /** Whether it matters what is behind the Service, as of the last run. */
  heeds(service: string): boolean {
    return this.#wishes.get(service)?.nodes !== undefined;
  }

  #wishOf(key: string, service: KubernetesService | undefined): Wish | undefined {
    const ranges = this.#ranges;
    if (service === undefined || ranges === undefined || service.spec.clusterIPs.length === 0) return undefined;
    const { type, externalIPs, loadBalancerIPs, externalTrafficPolicy } = service.spec;
    const addresses = [
      ...(type === 'LoadBalancer' ? within(loadBalancerIPs, ranges.loadBalancer) : []),
      ...within(externalIPs, ranges.external),
    ];
    if (addresses.length === 0) return undefined;
    const nodes = externalTrafficPolicy === 'Local' ? this.#slices.readyNodes(key, service) : undefined;
    return { addresses: [...new Set(addresses)], nodes };
  }

  #tell(service: string, wish: Wish | undefined): void {
    const before = this.#wishes.get(service);
    if (wish === undefined) this.#wishes.delete(service);
    else this.#wishes.set(service, wish);
    for (const address of before?.addresses ?? []) this.#holders.get(address)?.delete(service);
    for (const address of wish?.addresses ?? []) {
      this.#holders.set(address, (this.#holders.get(address) ?? new Set()).add(service));
    }
    for (const address of new Set([...(before?.addresses ?? []), ...(wish?.addresses ?? [])])) this.#settle(address);
  }

  #settle(address: string): void {
    const services = this.#holders.get(address);
    if (services?.size === 0) this.#holders.delete(address);
    const isOurs = services !== undefined && services.size > 0 && this.#owner(address, services) === this.#nodename;
    const why = `service ${[...(services ?? [])].sort().join(', ')}`;
    this.#writer.set(address, isOurs ? { address, of: 'service', why } : undefined);
  }

  /** Of several Services with one address, any node that one of them would take will do. */
  #owner(text: string, services: ReadonlySet<string>): string | undefined {
    const address = tryParseAddress(text);
    if (address === undefined) return undefined;
    const wishes = [...services].flatMap((service) => this.#wishes.get(service) ?? []);
    const hash = hashOf(text);
    let best: Scored | undefined;
    for (const { node, subnets, hash: own } of this.#candidates.values()) {
      if (!subnets.some((subnet) => containsAddress(subnet, address))) continue;
      if (!wishes.some(({ nodes }) => nodes === undefined || nodes.has(node.name))) continue;
      const score = scoreOf(hash, own);
      if (best === undefined || isBetter({ node, score }, best)) best = { node, score };
    }
    return best?.node.name;
  }
}

/** One that is cordoned is worse than all others; of equals the first by name is taken. */
function isBetter({ node, score }: Scored, best: Scored): boolean {
  if (node.isLast !== best.node.isLast) return best.node.isLast;
  return score === best.score ? node.name < best.node.name : score > best.score;
}

function parsed(cidrs: readonly string[]): readonly Prefix[] {
  return cidrs.map((cidr) => parsePrefix(cidr));
}

function within(texts: readonly string[], ranges: readonly Prefix[]): string[] {
  return texts.flatMap((text) => {
    const address = tryParseAddress(text);
    if (address === undefined || !ranges.some((range) => containsAddress(range, address))) return [];
    return [formatAddress(address)];
  });
}
