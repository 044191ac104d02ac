import { Entries, EntriesWriter, type Family, type Prefix, parsePrefix, same } from '../base/index.ts';
import type { Node } from '../model/index.ts';
import type { DesiredVtep, DesiredVxlanRoute } from './desired/index.ts';
import { HeldByNode, type Holding } from './holdings.ts';
import type { Networks } from './networks.ts';
import { ownSubnet, type VxlanRange, vtepOf, vxlanRoute } from './vxlan.ts';

/** Nodes → those that VXLAN can reach, by name. */
export class Vteps {
  readonly #family: Family;
  readonly #nodename: string;
  readonly #writer = new EntriesWriter<DesiredVtep>(same);
  #seen: Entries<Node> | undefined;

  constructor(family: Family, nodename: string) {
    this.#family = family;
    this.#nodename = nodename;
  }

  run(nodes: Entries<Node>): Entries<DesiredVtep> {
    for (const [name, now] of nodes.since(this.#seen)) {
      if (name !== this.#nodename) this.#writer.set(name, now && vtepOf(now, this.#family));
    }
    this.#seen = nodes;
    return this.#writer.commit();
  }
}

/** Holdings, the nodes behind VXLAN, and the pools that want it → routes, by CIDR. */
export class VxlanRoutes {
  readonly #family: Family;
  readonly #nodename: string;
  readonly #held = new HeldByNode();
  readonly #writer = new EntriesWriter<DesiredVxlanRoute>(same);
  #peers: Entries<DesiredVtep> | undefined;
  #ranges: readonly VxlanRange[] = [];
  #subnet: string | undefined;
  #only: Entries<string> = Entries.of();
  #withUs = false;

  constructor(family: Family, nodename: string) {
    this.#family = family;
    this.#nodename = nodename;
  }

  run(
    holdings: Entries<Holding>,
    networks: Networks,
    peers: Entries<DesiredVtep>,
    ranges: readonly VxlanRange[],
    self: Node | undefined,
    onlyByVxlan: Entries<string>,
  ): Entries<DesiredVxlanRoute> {
    const subnet = ownSubnet(self, this.#family);
    const withUs = onlyByVxlan.get(this.#nodename) !== undefined;
    const everything = subnet !== this.#subnet || withUs !== this.#withUs;
    const changed = new Set(this.#held.run(holdings).cidrs);
    for (const [node] of peers.since(this.#peers)) for (const cidr of this.#held.of(node)) changed.add(cidr);
    for (const [node] of onlyByVxlan.since(this.#only)) for (const cidr of this.#held.of(node)) changed.add(cidr);
    for (const range of changedRanges(this.#ranges, ranges))
      for (const cidr of networks.within(range)) changed.add(cidr);
    this.#peers = peers;
    this.#ranges = ranges;
    this.#subnet = subnet;
    this.#only = onlyByVxlan;
    this.#withUs = withUs;
    for (const cidr of everything ? new Set([...holdings.keys(), ...changed]) : changed) {
      const holding = holdings.get(cidr);
      const isOnly = withUs || (holding !== undefined && onlyByVxlan.get(holding.node) !== undefined);
      this.#writer.set(cidr, holding && vxlanRoute(holding, self, ranges, peers.get(holding.node), isOnly));
    }
    return this.#writer.commit();
  }
}

/** Inside which the first range that holds a network may be another one now. */
function changedRanges(before: readonly VxlanRange[], now: readonly VxlanRange[]): Prefix[] {
  if (before === now) return [];
  const [former, present] = [before, now].map((ranges) => ranges.map(rangeText));
  const kept = former.filter((one) => present.includes(one));
  // Of ranges that overlap the first counts, so their order does as well.
  const sameOrder = kept.join() === present.filter((one) => former.includes(one)).join();
  const changed = [...before, ...now].filter((range) => !sameOrder || !kept.includes(rangeText(range)));
  return changed.map(({ cidr }) => parsePrefix(cidr));
}

function rangeText({ cidr, mode, leaving }: VxlanRange): string {
  return `${cidr} ${mode} ${leaving}`;
}
