import { containsPrefix, type Entries, EntriesWriter, type Family, same } from '../base/index.ts';
import type { Node } from '../model/index.ts';
import { Claims } from './claims.ts';
import type { DesiredWireguardPeer, DesiredWireguardRoute } from './desired/index.ts';
import { HeldByNode, type Holding } from './holdings.ts';
import { type PeerSettings, peerOf, placesOf, publicKeyOf, routeTo, type Standing, standingOf } from './wireguard.ts';

/**
 * Nodes → where each other node can be reached and by what key, by name. A key that several nodes claim is nobody's.
 */
export class Standings {
  readonly #family: Family;
  readonly #nodename: string;
  readonly #claims = new Map<string, Set<string>>();
  readonly #writer = new EntriesWriter<Standing>(same);
  #seen: Entries<Node> | undefined;

  constructor(family: Family, nodename: string) {
    this.#family = family;
    this.#nodename = nodename;
  }

  run(nodes: Entries<Node>): Entries<Standing> {
    const changed = new Set<string>();
    for (const [name, now, before] of nodes.since(this.#seen)) {
      changed.add(name);
      const [key, former] = [now, before].map((node) => node && publicKeyOf(node, this.#family));
      if (key === former) continue;
      // Whoever shares a key with it, or shared, stands otherwise too.
      for (const one of [key, former]) for (const rival of this.#claims.get(one ?? '') ?? []) changed.add(rival);
      if (former !== undefined) this.#unclaim(former, name);
      if (key !== undefined) this.#claims.set(key, (this.#claims.get(key) ?? new Set()).add(name));
    }
    this.#seen = nodes;
    for (const name of changed) {
      if (name === this.#nodename) continue;
      const node = nodes.get(name);
      this.#writer.set(name, node && standingOf(node, this.#family, this.#rival(node)));
    }
    return this.#writer.commit();
  }

  #unclaim(key: string, name: string): void {
    const claimants = this.#claims.get(key);
    claimants?.delete(name);
    if (claimants?.size === 0) this.#claims.delete(key);
  }

  #rival(node: Node): string | undefined {
    const claimants = this.#claims.get(publicKeyOf(node, this.#family) ?? '') ?? [];
    return [...claimants].filter((name) => name !== node.metadata.name).sort()[0];
  }
}

/**
 * Nodes and holdings → what is on which node, by CIDR: IPAM's blocks and borrowed addresses, the tunnel addresses
 * outside the node's own blocks, and with host encryption the nodes themselves but our own. No two nodes have the same.
 */
export class Places {
  readonly #family: Family;
  readonly #nodename: string;
  readonly #hostEncryption: boolean;
  readonly #held = new HeldByNode();
  readonly #claims = new Claims<Holding>((a, b) => a.node === b.node && a.why === b.why);
  /** The claims for each node itself. */
  readonly #claimed = new Map<string, readonly string[]>();
  #holdings: Entries<Holding> | undefined;
  #nodes: Entries<Node> | undefined;

  constructor(family: Family, nodename: string, hostEncryption: boolean) {
    this.#family = family;
    this.#nodename = nodename;
    this.#hostEncryption = hostEncryption;
  }

  run(holdings: Entries<Holding>, nodes: Entries<Node>): Entries<Holding> {
    const touched = new Set(this.#held.run(holdings).nodes);
    for (const [cidr, now, before] of holdings.since(this.#holdings)) {
      // IPAM's word goes first.
      if ((now ?? before)?.prefix.family === this.#family) this.#claims.put(cidr, '', now);
    }
    this.#holdings = holdings;
    for (const [name] of nodes.since(this.#nodes)) touched.add(name);
    this.#nodes = nodes;
    for (const name of touched) this.#claim(name, nodes.get(name), holdings);
    return this.#claims.commit();
  }

  #claim(name: string, node: Node | undefined, holdings: Entries<Holding>): void {
    const own = [...this.#held.of(name)].map((cidr) => holdings.get(cidr)?.prefix);
    const places =
      node === undefined ? [] : placesOf(node, this.#family, this.#hostEncryption && name !== this.#nodename);
    const outside = places.filter(
      ({ prefix }) => !own.some((held) => held !== undefined && containsPrefix(held, prefix)),
    );
    const wanted = new Map([...outside].reverse().map((place) => [place.cidr, place]));
    for (const cidr of this.#claimed.get(name) ?? [])
      if (!wanted.has(cidr)) this.#claims.put(cidr, `node ${name}`, undefined);
    for (const [cidr, place] of wanted) this.#claims.put(cidr, `node ${name}`, place);
    if (wanted.size === 0) this.#claimed.delete(name);
    else this.#claimed.set(name, [...wanted.keys()]);
  }
}

/** Places and standings → the device's peers, by node, and the routes of its table, by CIDR. */
export class WireguardTable {
  readonly #nodename: string;
  readonly #held = new HeldByNode();
  readonly #peers = new EntriesWriter<DesiredWireguardPeer>(same);
  readonly #routes = new EntriesWriter<DesiredWireguardRoute>(same);
  #standings: Entries<Standing> | undefined;
  #settings: PeerSettings | undefined;

  constructor(nodename: string) {
    this.#nodename = nodename;
  }

  run(places: Entries<Holding>, standings: Entries<Standing>, settings: PeerSettings) {
    const moved = this.#held.run(places);
    const cidrs = new Set(moved.cidrs);
    const nodes = new Set(moved.nodes);
    for (const [node] of standings.since(this.#standings)) {
      nodes.add(node);
      for (const cidr of this.#held.of(node)) cidrs.add(cidr);
    }
    this.#standings = standings;
    if (settings !== this.#settings) for (const node of standings.keys()) nodes.add(node);
    this.#settings = settings;
    for (const cidr of cidrs) {
      const place = places.get(cidr);
      this.#routes.set(cidr, place && routeTo(place, standings.get(place.node), this.#nodename));
    }
    for (const node of nodes) {
      this.#peers.set(node, peerOf(node, standings.get(node), [...this.#held.of(node)].sort(), settings));
    }
    return { peers: this.#peers.commit(), routes: this.#routes.commit() };
  }
}

/** The inputs of WireGuard's peers and routes; made anew when it is switched on, so that it costs nothing while off. */
export function wireguardTable(family: Family, nodename: string, hostEncryption: boolean) {
  const standings = new Standings(family, nodename);
  const places = new Places(family, nodename, hostEncryption);
  const table = new WireguardTable(nodename);
  return (
    ...[held, nodes, settings]: [
      Parameters<Places['run']>[0],
      Parameters<Places['run']>[1],
      Parameters<WireguardTable['run']>[2],
    ]
  ) => table.run(places.run(held, nodes), standings.run(nodes), settings);
}
