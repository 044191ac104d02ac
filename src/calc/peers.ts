import { Entries, EntriesWriter, same } from '../base/index.ts';
import type { BGPConfiguration, BGPPeer, Node, Selector, WorkloadEndpoint } from '../model/index.ts';
import { type AskedPeer, AskedPeers, appliesTo, locals, meant } from './asked-peers.ts';
import { type Here, meshPeers, mirroredPeers, namedPeers, remoteAsn, selectedPeers } from './bgp-peers.ts';
import { Claims } from './claims.ts';
import type { DesiredPeer } from './desired/index.ts';
import { LabelIndex } from './label-index.ts';
import { localPeers } from './local-peers.ts';
import { nodeAddress, nodeAsn } from './node-bgp.ts';
import { peerExtensions } from './peer-extensions.ts';
import { type Peering, type PeeringClaim, peeringClaim, RANK } from './peering-claims.ts';
import { protectionOf, type SecretContent } from './protection.ts';

const NO_SECRETS = Entries.of<SecretContent>();
const NO_PODS = Entries.of<WorkloadEndpoint>();
const OF_MESH = 'BGPConfiguration default nodeMeshPassword: no session of the mesh';

/** The inputs of the sessions at one moment, each object by its name. */
export interface PeeringInputs {
  readonly nodename: string;
  readonly nodes: ReadonlyMap<string, Node>;
  readonly configurations: ReadonlyMap<string, BGPConfiguration>;
  readonly peers: ReadonlyMap<string, BGPPeer>;
}

/** The node's sessions of one moment, for who does not follow changes: those that run. */
export function desiredPeers({ nodename, nodes, configurations, peers }: PeeringInputs): readonly DesiredPeer[] {
  const peerings = new Peerings(nodename).run(entriesOf(nodes), entriesOf(configurations), entriesOf(peers));
  return [...peerings.values()].flatMap(({ peer, refused }) => (refused === undefined ? [peer] : []));
}

function entriesOf<T>(objects: ReadonlyMap<string, T>): Entries<T> {
  const writer = new EntriesWriter<T>(Object.is);
  for (const [name, one] of objects) writer.set(name, one);
  return writer.commit();
}

/**
 * Nodes, BGPConfigurations and BGPPeers → the sessions of this node, by `address port`. A changed node costs the
 * sessions with that node; a changed BGPPeer those with the nodes that it speaks of; only what changes of the node
 * itself, or of the default BGPConfiguration, costs all.
 */
export class Peerings {
  readonly #nodename: string;
  readonly #labels = new LabelIndex();
  readonly #asked = new AskedPeers(this.#labels);
  /** BGPPeers of every node that mean this one. */
  readonly #everywhere = new Set<AskedPeer>();
  /** Nodes by their addresses. */
  readonly #nodesAt = new Map<string, Set<string>>();
  readonly #claims = new Claims<Peering>(same);
  /** By node, or by BGPPeer with `peer ` in front: the keys and claimants of its claims. */
  readonly #claimed = new Map<string, ReadonlyMap<string, string>>();
  #here: Here | undefined;
  #nodes: Entries<Node> | undefined;
  #configurations: Entries<BGPConfiguration> | undefined;
  #secrets: Entries<SecretContent> = NO_SECRETS;
  #peers: Entries<BGPPeer> | undefined;
  #pods: Entries<WorkloadEndpoint> = NO_PODS;

  constructor(nodename: string) {
    this.#nodename = nodename;
  }

  run(
    nodes: Entries<Node>,
    configurations: Entries<BGPConfiguration>,
    peers: Entries<BGPPeer>,
    secrets: Entries<SecretContent> = NO_SECRETS,
    pods: Entries<WorkloadEndpoint> = NO_PODS,
  ): Entries<Peering> {
    const isOthersPods = pods !== this.#pods;
    this.#pods = pods;
    const touched = new Set<string>();
    const named = new Set<AskedPeer>();
    this.#takeNodes(nodes, touched, named);
    const isOther = this.#takeConfigurations(configurations, touched, named);
    const node = nodes.get(this.#nodename);
    const all = isOther || secrets.since(this.#secrets).length > 0 || !sameSelf(this.#here?.node, node);
    [this.#here, this.#secrets] = [node && { node, configurations }, secrets];
    for (const [name, now] of peers.since(this.#peers)) {
      for (const one of this.#asked.put(name, now)) {
        this.#findMirrors(one, one.resource === now);
        named.add(one);
        // The former one has claims with those that it spoke of, the present one gets them.
        if (!all) for (const other of this.#partners(one, nodes)) touched.add(other);
      }
    }
    if (all) this.#everything(nodes, touched, named);
    if (isOthersPods) for (const one of this.#asked.ofPods()) named.add(one);
    [this.#nodes, this.#configurations, this.#peers] = [nodes, configurations, peers];
    for (const one of named) {
      const claims = one.pods === undefined ? this.#byAddress(one, nodes) : this.#withPods(one, one.pods);
      this.#claim(`peer ${one.resource.metadata.name}`, claims);
    }
    for (const name of touched) this.#claim(name, this.#withNode(nodes.get(name)));
    return this.#claims.commit();
  }

  #takeNodes(nodes: Entries<Node>, touched: Set<string>, named: Set<AskedPeer>): void {
    for (const [name, now, before] of nodes.since(this.#nodes)) {
      this.#labels.label(name, now && (now.metadata.labels ?? {}));
      touched.add(name);
      for (const address of addressesOf(before)) {
        const left = this.#nodesAt.get(address);
        left?.delete(name);
        if (left?.size === 0) this.#nodesAt.delete(address);
      }
      for (const address of addressesOf(now)) {
        this.#nodesAt.set(address, (this.#nodesAt.get(address) ?? new Set()).add(name));
      }
      this.#nameAt([...addressesOf(before), ...addressesOf(now)], named);
    }
  }

  /** Whether what counts for all sessions has changed. */
  #takeConfigurations(configurations: Entries<BGPConfiguration>, touched: Set<string>, named: Set<AskedPeer>): boolean {
    let isOther = false;
    for (const [name] of configurations.since(this.#configurations)) {
      const other = name.startsWith('node.') ? name.slice('node.'.length) : undefined;
      if (name === 'default' || other === this.#nodename) isOther = true;
      if (other === undefined) continue;
      touched.add(other);
      this.#nameAt(addressesOf(this.#nodes?.get(other)), named);
    }
    return isOther;
  }

  #nameAt(addresses: readonly string[], named: Set<AskedPeer>): void {
    for (const address of addresses) for (const one of this.#asked.at(address)) named.add(one);
  }

  #everything(nodes: Entries<Node>, touched: Set<string>, named: Set<AskedPeer>): void {
    for (const name of nodes.keys()) touched.add(name);
    for (const one of this.#asked.all()) {
      named.add(one);
      this.#findMirrors(one, true);
    }
  }

  #findMirrors(one: AskedPeer, isThere: boolean): void {
    const { node, nodeSelector } = one.resource.spec;
    const isOne = isThere && !node && !nodeSelector && this.#here !== undefined && meant(this.#here, one).length > 0;
    if (isOne) this.#everywhere.add(one);
    else this.#everywhere.delete(one);
  }

  /** The nodes with which a BGPPeer may give this one sessions. */
  *#partners(one: AskedPeer, nodes: Entries<Node>): Iterable<string> {
    if (this.#here === undefined) return;
    if (appliesTo(one, this.#nodename)) yield* one.remotes?.members ?? [];
    if (meant(this.#here, one).length > 0) yield* locals(one, nodes);
  }

  /** The claims for one other node: as it is in the mesh, selected, or the other end of a BGPPeer of its own. */
  #withNode(other: Node | undefined): readonly PeeringClaim[] {
    const here = this.#here;
    if (here === undefined || other === undefined || other.metadata.name === this.#nodename) return [];
    const { name } = other.metadata;
    const settings = here.configurations.get('default');
    const mesh = settings ? protectionOf(settings, settings.spec.nodeMeshPassword, this.#secrets) : {};
    const claims = meshPeers(here, other).map((peer) => peeringClaim(`${RANK.mesh}\0${name}`, peer, mesh, OF_MESH));
    for (const one of new Set(this.#asked.of(name, this.#everywhere))) {
      const { resource, remotes } = one;
      const by = `${resource.metadata.name}\0${name}`;
      if (remotes?.members.has(name) && appliesTo(one, this.#nodename)) {
        for (const peer of selectedPeers(here, other, resource)) {
          claims.push(this.#wanted(`${rankOf(resource)}\0${by}`, peer, resource));
        }
      }
      if (!appliesTo(one, name)) continue;
      for (const peer of mirroredPeers(here, other, resource, meant(here, one))) {
        claims.push(this.#wanted(`${RANK.mirror}\0${by}`, peer, resource));
      }
    }
    return claims;
  }

  /** The claims for the address that a BGPPeer of this node names. */
  #byAddress(one: AskedPeer, nodes: Entries<Node>): readonly PeeringClaim[] {
    const [here, { resource, named }] = [this.#here, one];
    const isThere = this.#peers?.get(resource.metadata.name) === resource;
    if (here === undefined || !isThere || !appliesTo(one, this.#nodename)) return [];
    const asn = remoteAsn(here, resource);
    const peers = named.flatMap((remote) => {
      const [other] = [...(this.#nodesAt.get(remote.address) ?? [])]
        .sort()
        .flatMap((name) => nodes.get(name) ?? [])
        .filter((node) => nodeAsn(node, here.configurations) === asn);
      return namedPeers(here, other, resource, remote);
    });
    return peers.map((peer) => this.#wanted(`${rankOf(resource)}\0${resource.metadata.name}`, peer, resource));
  }

  /** The claims for the pods of this node that a BGPPeer selects. */
  #withPods(one: AskedPeer, selector: Selector): readonly PeeringClaim[] {
    const [here, { resource }] = [this.#here, one];
    const isThere = this.#peers?.get(resource.metadata.name) === resource;
    if (here === undefined || !isThere || !appliesTo(one, this.#nodename)) return [];
    return localPeers(here, resource, selector, this.#pods.values()).map((peer) =>
      this.#wanted(`${rankOf(resource)}\0${resource.metadata.name}`, peer, resource),
    );
  }

  #wanted(by: string, peer: DesiredPeer, resource: BGPPeer): PeeringClaim {
    const what = `BGPPeer ${resource.metadata.name}: no session`;
    const [wrong] = peerExtensions(resource).unread;
    const lacking = wrong !== undefined && { lacking: `${wrong}, and without it the session might be unprotected` };
    const protection = lacking || protectionOf(resource, resource.spec.password, this.#secrets);
    return peeringClaim(by, peer, protection, what);
  }

  /** Puts the claims in the place of those that stood under that name. */
  #claim(under: string, claims: readonly PeeringClaim[]): void {
    const now = new Map(claims.map(({ key, by }) => [`${key}\0${by}`, by]));
    for (const [id, by] of this.#claimed.get(under) ?? []) {
      if (!now.has(id)) this.#claims.put(id.slice(0, -by.length - 1), by, undefined);
    }
    for (const { key, by, peering } of claims) this.#claims.put(key, by, peering);
    if (now.size === 0) this.#claimed.delete(under);
    else this.#claimed.set(under, now);
  }
}

function rankOf({ spec }: BGPPeer): string {
  return spec.node || spec.nodeSelector ? RANK['node specific'] : RANK.global;
}

function addressesOf(node: Node | undefined): string[] {
  return ([4, 6] as const).flatMap((family) => nodeAddress(node, family) ?? []);
}

/** Whether nothing has changed of this node that any session depends on. */
function sameSelf(a: Node | undefined, b: Node | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  const read = ({ metadata, spec: { bgp } }: Node) => [
    metadata.labels,
    bgp?.ipv4Address,
    bgp?.ipv6Address,
    bgp?.asNumber,
    bgp?.routeReflectorClusterID,
  ];
  return same(read(a), read(b));
}
