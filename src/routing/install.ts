import type { BestChanges, NextHopSet } from 'bgp-speaker-ts';
import {
  containsAddress,
  covers,
  Entries,
  type Family,
  masked,
  type Prefix,
  parseAddress,
  parsePrefix,
  prefixWords,
} from '../base/index.ts';
import type { DesiredPool } from '../calc/desired/index.ts';
import { gatewayRoute, type RouteTable } from '../dataplane/index.ts';
import type { RouteNextHop } from '../netlink/index.ts';
import type { LearnedRoute, LearnedRoutes, NextHops } from './next-hops.ts';
import { isIpip, isKeptOut, isVxlan, kindAt, ROUTE_KINDS, type RouteKind } from './route-kind.ts';

const NO_ENTRIES = Entries.of<string>();

/** `tunl0`, as routes need it. */
export interface IpipTunnel {
  /**
   * Its index; undefined when there is none. `pending` while it is being made: then routes stay as they are, so that
   * nothing is lost while a pool changes to IPIP.
   */
  readonly ipip: number | 'pending' | undefined;
}

/** The mark of a way out that is not known yet. */
const PENDING = -2;

/** The networks that matter beside the pools, as CIDR text. */
export interface NodeNetworks {
  /** Where the cluster's services have their addresses. */
  readonly services?: readonly string[];
  /** The node's own. */
  readonly subnet?: string | undefined;
}

interface Range {
  readonly words: Uint32Array;
  readonly length: number;
  readonly kind: RouteKind;
}

/**
 * Best BGP routes of one family on their way into the route table. Per prefix it keeps one integer: which next-hop
 * set, and how the prefix's pool wants it carried. From that the way out follows, and follows again when the way to a
 * next hop or a pool changes.
 */
export class RouteInstaller implements LearnedRoutes {
  readonly family: Family;
  readonly #table: RouteTable;
  readonly #nextHops: NextHops;
  readonly #tunnel: IpipTunnel;
  /** Inside it CrossSubnet needs no tunnel. */
  #subnet: Prefix | undefined;
  #lacking: Entries<string> | undefined;
  #sets: readonly NextHopSet[] = [];
  /** `set × ROUTE_KINDS.length + kind + 1` by prefix number; 0 for no route. */
  #choice = new Uint32Array(1024);
  /** How many prefixes of each length have a route. */
  readonly #lengths = new Uint32Array(129);
  /** How number by choice, retained; -1 until worked out, `PENDING` while it is not known yet. */
  #infoOf: number[] = [];
  /** The set that it was worked out for, by choice: numbers of sets that no route has are given to others. */
  #madeFor: (NextHopSet | undefined)[] = [];
  /** The first that holds a prefix tells its kind. */
  #ranges: readonly Range[] = [];
  /** Routes whose pool is VXLAN's now, which stay until the tunnel has one for the prefix: nothing is lost meanwhile. */
  readonly #handedOver = new Set<number>();
  /** Routes that go as they did before their pool became IPIP's, until the other end is ready for that. */
  readonly #unready = new Set<number>();

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
      const kind = this.#kindOf(changes.addresses, at, changes.lengths[entry]);
      const prefix = prefixes.internAt(changes.addresses, at, changes.lengths[entry]);
      this.#choose(prefix, set * ROUTE_KINDS.length + kind + 1);
    }
    this.#nextHops.learnedChanged();
  }

  /** The pools decide how their prefixes are carried. */
  setPools(pools: readonly DesiredPool[], { services = [], subnet }: NodeNetworks = {}): void {
    this.#subnet = subnet === undefined ? undefined : parsePrefix(subnet);
    this.#forgetTunnel();
    this.#ranges = [
      ...services.map((cidr) => [cidr, 'service'] as const),
      ...pools.map((pool) => [pool.cidr, pool.encapsulation] as const),
    ]
      .map(([cidr, kind]) => ({ prefix: parsePrefix(cidr), kind }))
      .filter(({ prefix }) => prefix.family === this.family)
      .map(({ prefix, kind }) => ({ words: prefixWords(prefix), length: prefix.length, kind }));
    this.#reconsider((prefix) => {
      const set = Math.floor((this.#choice[prefix] - 1) / ROUTE_KINDS.length);
      const words = new Uint32Array(this.#table.prefixes.words);
      for (let word = 0; word < words.length; word++) words[word] = this.#table.prefixes.address(prefix, word);
      return set * ROUTE_KINDS.length + this.#kindOf(words, 0, this.#table.prefixes.length(prefix)) + 1;
    });
  }

  /** The way to some next hops has changed. */
  nextHopsChanged(addresses: ReadonlySet<string>): void {
    const affected = this.#infoOf.map(
      (_, choice) => this.#setOf(choice)?.addresses.some((at) => addresses.has(at)) ?? false,
    );
    if (!affected.includes(true)) return;
    for (const [choice, hit] of affected.entries()) if (hit) this.#keep(choice, -1);
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

  /** Nodes that can't be sent to through `tunl0` yet, by address. */
  setLacking(lacking: Entries<string> | undefined): void {
    if (lacking === this.#lacking) return;
    const changed = (lacking ?? NO_ENTRIES).since(this.#lacking ?? NO_ENTRIES).map(([address]) => address);
    this.#lacking = lacking;
    if (changed.length > 0) this.nextHopsChanged(new Set(changed));
  }

  /** `tunl0` has come or gone. */
  tunnelChanged(): void {
    this.#forgetTunnel();
    this.#reconsider((prefix) => this.#choice[prefix]);
  }

  /** No routes any more: BGP is off. */
  clear(): void {
    for (const choice of this.#infoOf.keys()) this.#keep(choice, -1);
    this.#infoOf = [];
    this.#reconsider(() => 0);
  }

  /** Next hops and local preference that peers told of for a prefix; undefined when none did. */
  learned(prefix: number): NextHopSet | undefined {
    return this.#setOf(this.#choice[prefix] ?? 0);
  }

  covering(address: Uint32Array, below: number): LearnedRoute | undefined {
    const { prefixes } = this.#table;
    for (let length = below - 1; length >= 0; length--) {
      if (this.#lengths[length] === 0) continue;
      const prefix = prefixes.findAt(masked(address, length), 0, length);
      const choice = prefix < 0 ? 0 : (this.#choice[prefix] ?? 0);
      if (choice === 0 || isKeptOut(kindAt(choice))) continue;
      const addresses = this.#setOf(choice)?.addresses ?? [];
      return { length, addresses, ways: (resolve) => this.#ways(choice, resolve) ?? [] };
    }
    return undefined;
  }

  nextHops(): ReadonlySet<string> {
    const choices = new Set(this.#choice);
    return new Set([...choices].flatMap((choice) => this.#setOf(choice)?.addresses ?? []));
  }

  #forgetTunnel(): void {
    for (const choice of this.#infoOf.keys()) if (isIpip(kindAt(choice))) this.#keep(choice, -1);
  }

  #reconsider(choose: (prefix: number) => number): void {
    for (let prefix = 0; prefix < this.#table.prefixes.limit && prefix < this.#choice.length; prefix++) {
      if (this.#choice[prefix] !== 0) this.#choose(prefix, choose(prefix));
    }
    this.#nextHops.learnedChanged();
  }

  #choose(prefix: number, choice: number): void {
    if (prefix >= this.#choice.length) {
      const wider = new Uint32Array(Math.max(this.#table.prefixes.capacity, prefix + 1));
      wider.set(this.#choice);
      this.#choice = wider;
    }
    const former = this.#choice[prefix];
    const before = kindAt(former);
    this.#choice[prefix] = choice;
    const length = this.#table.prefixes.length(prefix);
    this.#lengths[length] += Number(choice !== 0) - Number(former !== 0);
    if (choice !== 0 && former === 0) this.#table.claim(prefix, true);
    this.#carry(prefix, choice, before);
    if (choice === 0 && former !== 0) this.#table.claim(prefix, false);
  }

  #carry(prefix: number, choice: number, before: RouteKind | undefined): void {
    const info = choice === 0 ? 0 : this.#info(choice);
    if (info === 0) this.#unready.delete(prefix);
    // Where there is no tunnel of our own, nothing stays that goes in clear.
    if (info === PENDING || (info !== 0 && this.#staysUntilReady(prefix, choice, before))) return;
    if (!isVxlan(kindAt(choice))) this.#handedOver.delete(prefix);
    else if (this.#staysUntilTunnelled(prefix, before)) return void this.#handedOver.add(prefix);
    this.#table.want('bgp', prefix, info);
  }

  /** Whether some node at the other end has no `tunl0` yet, and there is another way to it until then. */
  #staysUntilReady(prefix: number, choice: number, before: RouteKind | undefined): boolean {
    const isByIpip = isIpip(kindAt(choice));
    const isLacking = isByIpip && this.#setOf(choice)?.addresses.some((at) => this.#lacking?.get(at) !== undefined);
    const hasOther = this.#unready.has(prefix) || before === 'none';
    if (!isLacking || !hasOther || this.#table.wantedBy('bgp', prefix) === 0) {
      this.#unready.delete(prefix);
      return false;
    }
    this.#unready.add(prefix);
    return true;
  }

  #staysUntilTunnelled(prefix: number, before: RouteKind | undefined): boolean {
    if (this.#table.wantedBy('tunnel', prefix) > 0) return false;
    return this.#handedOver.has(prefix) || (before !== undefined && !isKeptOut(before));
  }

  #info(choice: number): number {
    const known = this.#infoOf[choice];
    const set = this.#setOf(choice);
    if (known !== undefined && known !== -1 && this.#madeFor[choice] === set) return known;
    while (this.#infoOf.length < choice) this.#infoOf.push(-1);
    this.#madeFor[choice] = set;
    return this.#keep(choice, this.#workOut(choice));
  }

  /** The table forgets ways that nobody retains. */
  #keep(choice: number, info: number): number {
    const { infos } = this.#table;
    const before = this.#infoOf[choice] ?? -1;
    if (info > 0) infos.retain(info);
    if (before > 0) infos.release(before);
    this.#infoOf[choice] = info;
    return info;
  }

  #workOut(choice: number): number {
    const hops = this.#ways(choice, (address) => this.#nextHops.resolve(address));
    if (hops === undefined) return PENDING;
    return hops.length === 0 ? 0 : this.#table.infos.id(gatewayRoute(hops));
  }

  /**
   * Where a choice leads, each way once; undefined while that is not known yet, as `tunl0` is being made for it or the way
   * to a next hop was never asked for: the route stays as it was meanwhile.
   */
  #ways(
    choice: number,
    resolve: (address: string) => readonly RouteNextHop[] | undefined,
  ): readonly RouteNextHop[] | undefined {
    const kind = kindAt(choice);
    const { addresses = [], weights } = (isKeptOut(kind) ? undefined : this.#setOf(choice)) ?? {};
    const hops = new Map<string, RouteNextHop>();
    for (const [at, address] of addresses.entries()) {
      const tunnelled = this.#isTunnelled(kind, address);
      if (tunnelled && this.#tunnel.ipip === 'pending') return undefined;
      const ways = tunnelled ? this.#throughTunnel(address) : resolve(address);
      if (ways === undefined) return undefined;
      for (const hop of weights === undefined ? ways : shared(ways, weights[at])) {
        const key = `${hop.via}%${hop.dev}`;
        hops.set(key, weights === undefined ? hop : joined(hops.get(key), hop));
      }
    }
    return [...hops.values()];
  }

  #isTunnelled(kind: RouteKind | undefined, address: string): boolean {
    // A neighbour on the link itself is no end of a tunnel.
    if (address.includes('%')) return false;
    return kind === 'ipip' || (kind === 'ipip-cross-subnet' && !(this.#subnet && inSubnet(this.#subnet, address)));
  }

  /** The outer packet finds its own way to the node, so the node need not be on any link of ours. */
  #throughTunnel(via: string): readonly RouteNextHop[] {
    const { ipip } = this.#tunnel;
    return typeof ipip === 'number' ? [{ via, dev: ipip, onlink: true }] : [];
  }

  #setOf(choice: number): NextHopSet | undefined {
    return choice === 0 ? undefined : this.#sets[Math.floor((choice - 1) / ROUTE_KINDS.length)];
  }

  #kindOf(words: Uint32Array, at: number, length: number): number {
    for (const range of this.#ranges) {
      if (length >= range.length && covers(range.words, 0, range.length, words, at))
        return ROUTE_KINDS.indexOf(range.kind);
    }
    return 0;
  }
}

/** The kernel's greatest. */
const MOST_WEIGHT = 256;

/** The share of a next hop, divided among the ways to it. */
function shared(ways: readonly RouteNextHop[], share: number): RouteNextHop[] {
  const whole = ways.reduce((sum, { weight = 1 }) => sum + weight, 0);
  return ways.map((hop) => ({ ...hop, weight: Math.max(1, Math.round((share * (hop.weight ?? 1)) / whole)) }));
}

/** A way that several next hops have carries all of their shares. */
function joined(before: RouteNextHop | undefined, hop: RouteNextHop): RouteNextHop {
  return { ...hop, weight: Math.min(MOST_WEIGHT, (before?.weight ?? 0) + (hop.weight ?? 1)) };
}

function inSubnet(subnet: Prefix, address: string): boolean {
  return containsAddress(subnet, parseAddress(address));
}
