import {
  containsAddress,
  type Family,
  ipv4Mask,
  type Prefix,
  parseAddress,
  parsePrefix,
  prefixWords,
} from '../base/index.ts';
import type { BestChanges, NextHopSet } from '../bgp/index.ts';
import type { DesiredPool } from '../calc/desired.ts';
import { gatewayRoute, type RouteTable } from '../dataplane/index.ts';
import type { RouteNextHop } from '../netlink/index.ts';
import type { NextHops } from './next-hops.ts';

/**
 * How traffic to a learned prefix travels, as its pool says; its index is stored beside each route. `vxlan`: such pools
 * are routed from IPAM's blocks, not from BGP. `ipip-cross`: only what leaves the node's own subnet goes by `tunl0`.
 * `service`: what the cluster's services have for addresses leads nowhere; each node translates them for itself.
 */
const CARRIAGES = ['direct', 'vxlan', 'ipip', 'ipip-cross', 'service'] as const;
type Carriage = (typeof CARRIAGES)[number];
/** Those whose routes BGP tells of and the kernel doesn't get. */
const KEPT_OUT: readonly (Carriage | undefined)[] = ['vxlan', 'service'];

/** `tunl0`, as routes need it. */
export interface IpipTunnel {
  /**
   * Its index; undefined when there is none. `pending` while it is being made: then routes stay as they are, so that
   * nothing is lost while a pool changes to IPIP.
   */
  readonly ipip: number | 'pending' | undefined;
}

/** What a way out is while `tunl0` is being made. */
const PENDING = -2;

/** What matters beside the pools, as CIDR text. */
export interface Surroundings {
  /** Where the cluster's services have their addresses. */
  readonly services?: readonly string[];
  /** The node's own. */
  readonly subnet?: string | undefined;
}

interface Range {
  readonly words: Uint32Array;
  readonly length: number;
  readonly carriage: Carriage;
}

/**
 * Best BGP routes of one family on their way into the route table. Per prefix it keeps one integer: which next-hop
 * set, and how the prefix's pool wants it carried. From that the way out follows, and follows again when the way to a
 * next hop or a pool changes.
 */
export class RouteInstaller {
  readonly family: Family;
  readonly #table: RouteTable;
  readonly #nextHops: NextHops;
  readonly #tunnel: IpipTunnel;
  /** Inside it CrossSubnet needs no tunnel. */
  #subnet: Prefix | undefined;
  #sets: readonly NextHopSet[] = [];
  /** `set × CARRIAGES.length + carriage + 1` by prefix number; 0 for no route. */
  #choice = new Uint32Array(1024);
  /** How number by choice; -1 until worked out, `PENDING` while `tunl0` is being made. */
  #howOf: number[] = [];
  /** The set that it was worked out for, by choice: numbers of sets that no route has are given to others. */
  #madeFor: (NextHopSet | undefined)[] = [];
  /** The first that holds a prefix tells its carriage. */
  #ranges: readonly Range[] = [];
  /** Routes whose pool is VXLAN's now, which stay until the tunnel has one for the prefix: nothing is lost meanwhile. */
  readonly #handedOver = new Set<number>();

  constructor(table: RouteTable, nextHops: NextHops, tunnel: IpipTunnel) {
    this.family = table.family;
    this.#table = table;
    this.#nextHops = nextHops;
    this.#tunnel = tunnel;
  }

  /** Applies a batch of changes: tens of nanoseconds a route, no objects. */
  install(changes: BestChanges): void {
    this.#sets = changes.nextHopSets;
    const { prefixes } = this.#table;
    const words = prefixes.words;
    for (let entry = 0; entry < changes.count; entry++) {
      const set = changes.nextHops[entry];
      const at = entry * words;
      if (set === 0) {
        const prefix = prefixes.findAt(changes.addresses, at, changes.lengths[entry]);
        if (prefix >= 0) this.#choose(prefix, 0);
        continue;
      }
      const carriage = this.#carriage(changes.addresses, at, changes.lengths[entry]);
      const prefix = prefixes.internAt(changes.addresses, at, changes.lengths[entry]);
      this.#choose(prefix, set * CARRIAGES.length + carriage + 1);
    }
  }

  /** The pools decide how their prefixes are carried. */
  setPools(pools: readonly DesiredPool[], { services = [], subnet }: Surroundings = {}): void {
    this.#subnet = subnet === undefined ? undefined : parsePrefix(subnet);
    this.#forgetTunnel();
    this.#ranges = [
      ...services.map((cidr) => [cidr, 'service'] as const),
      ...pools.map((pool) => [pool.cidr, carriageOf(pool)] as const),
    ]
      .map(([cidr, carriage]) => ({ prefix: parsePrefix(cidr), carriage }))
      .filter(({ prefix }) => prefix.family === this.family)
      .map(({ prefix, carriage }) => ({ words: prefixWords(prefix), length: prefix.length, carriage }));
    this.#reconsider((prefix) => {
      const set = Math.floor((this.#choice[prefix] - 1) / CARRIAGES.length);
      const words = new Uint32Array(this.#table.prefixes.words);
      for (let word = 0; word < words.length; word++) words[word] = this.#table.prefixes.address(prefix, word);
      return set * CARRIAGES.length + this.#carriage(words, 0, this.#table.prefixes.length(prefix)) + 1;
    });
  }

  /** The way to some next hops has changed. */
  nextHopsChanged(addresses: ReadonlySet<string>): void {
    const affected = this.#howOf.map(
      (_, choice) => this.#setOf(choice)?.addresses.some((at) => addresses.has(at)) ?? false,
    );
    if (!affected.includes(true)) return;
    for (const [choice, hit] of affected.entries()) if (hit) this.#howOf[choice] = -1;
    this.#reconsider((prefix) => this.#choice[prefix]);
  }

  /** The kernel has what was wanted: routes that VXLAN has taken over may go. */
  settled(): void {
    for (const prefix of this.#handedOver) {
      if (this.#table.wantedBy('tunnel', prefix) === 0) continue;
      this.#handedOver.delete(prefix);
      this.#table.want('bgp', prefix, 0);
    }
  }

  /** `tunl0` has come or gone. */
  tunnelChanged(): void {
    this.#forgetTunnel();
    this.#reconsider((prefix) => this.#choice[prefix]);
  }

  /** No routes any more: BGP is off. */
  clear(): void {
    this.#howOf = [];
    this.#reconsider(() => 0);
  }

  /** Next hops and local preference that peers told of for a prefix; undefined when none did. */
  learned(prefix: number): NextHopSet | undefined {
    return this.#setOf(this.#choice[prefix] ?? 0);
  }

  #forgetTunnel(): void {
    for (const choice of this.#howOf.keys()) if (carriageAt(choice)?.startsWith('ipip')) this.#howOf[choice] = -1;
  }

  #reconsider(choose: (prefix: number) => number): void {
    for (let prefix = 0; prefix < this.#table.prefixes.limit && prefix < this.#choice.length; prefix++) {
      if (this.#choice[prefix] !== 0) this.#choose(prefix, choose(prefix));
    }
  }

  #choose(prefix: number, choice: number): void {
    if (prefix >= this.#choice.length) {
      const wider = new Uint32Array(Math.max(this.#table.prefixes.capacity, prefix + 1));
      wider.set(this.#choice);
      this.#choice = wider;
    }
    const before = carriageAt(this.#choice[prefix]);
    this.#choice[prefix] = choice;
    const how = choice === 0 ? 0 : this.#how(choice);
    if (how === PENDING) return;
    if (carriageAt(choice) !== 'vxlan') this.#handedOver.delete(prefix);
    else if (this.#staysUntilTunnelled(prefix, before)) return void this.#handedOver.add(prefix);
    this.#table.want('bgp', prefix, how);
  }

  #staysUntilTunnelled(prefix: number, before: Carriage | undefined): boolean {
    if (this.#table.wantedBy('tunnel', prefix) > 0) return false;
    return this.#handedOver.has(prefix) || (before !== undefined && !KEPT_OUT.includes(before));
  }

  #how(choice: number): number {
    const known = this.#howOf[choice];
    const set = this.#setOf(choice);
    if (known !== undefined && known !== -1 && this.#madeFor[choice] === set) return known;
    while (this.#howOf.length < choice) this.#howOf.push(-1);
    this.#howOf[choice] = this.#workOut(choice);
    this.#madeFor[choice] = set;
    return this.#howOf[choice];
  }

  #workOut(choice: number): number {
    const carriage = carriageAt(choice);
    const addresses = KEPT_OUT.includes(carriage) ? [] : (this.#setOf(choice)?.addresses ?? []);
    const hops: RouteNextHop[] = [];
    for (const address of addresses) {
      const tunnelled =
        carriage === 'ipip' || (carriage === 'ipip-cross' && !(this.#subnet && inSubnet(this.#subnet, address)));
      if (tunnelled && this.#tunnel.ipip === 'pending') return PENDING;
      const hop = tunnelled ? this.#throughTunnel(address) : this.#nextHops.resolve(address);
      if (hop !== undefined) hops.push(hop);
    }
    return hops.length === 0 ? 0 : this.#table.hows.id(gatewayRoute(hops));
  }

  /** The outer packet finds its own way to the node, so the node need not be on any link of ours. */
  #throughTunnel(via: string): RouteNextHop | undefined {
    const { ipip } = this.#tunnel;
    return typeof ipip === 'number' ? { via, dev: ipip, onlink: true } : undefined;
  }

  #setOf(choice: number): NextHopSet | undefined {
    return choice === 0 ? undefined : this.#sets[Math.floor((choice - 1) / CARRIAGES.length)];
  }

  #carriage(words: Uint32Array, at: number, length: number): number {
    for (const range of this.#ranges) {
      if (length >= range.length && inside(range, words, at)) return CARRIAGES.indexOf(range.carriage);
    }
    return 0;
  }
}

function inside(range: Range, words: Uint32Array, at: number): boolean {
  for (let word = 0, left = range.length; left > 0; word++, left -= 32) {
    const mask = ipv4Mask(Math.min(32, left));
    if ((words[at + word] & mask) >>> 0 !== (range.words[word] & mask) >>> 0) return false;
  }
  return true;
}

function inSubnet(subnet: Prefix, address: string): boolean {
  return containsAddress(subnet, parseAddress(address));
}

function carriageOf({ vxlan, ipip, cidr }: DesiredPool): Carriage {
  if (vxlan !== 'Never') return 'vxlan';
  if (ipip === 'Never' || cidr.includes(':')) return 'direct';
  return ipip === 'Always' ? 'ipip' : 'ipip-cross';
}

function carriageAt(choice: number): Carriage | undefined {
  if (choice === 0) return undefined;
  return CARRIAGES[(choice - 1) % CARRIAGES.length];
}
