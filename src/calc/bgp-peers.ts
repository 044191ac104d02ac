import { formatAddress, parseAddress } from '../base/index.ts';
import { type BGPConfiguration, type BGPPeer, matchesSelector, type Node, readPeerIP } from '../model/index.ts';
import type { DesiredPeer } from './desired/index.ts';
import { seconds } from './duration.ts';
import { asNumber, DEFAULT_PORT, globalAsn, listenPort, nodeAddress, nodeAsn } from './node-bgp.ts';

/** What the sessions of a BGPPeer depend on beside it. */
interface Cluster {
  readonly nodes: ReadonlyMap<string, Node>;
  readonly configurations: ReadonlyMap<string, BGPConfiguration>;
}

const FAMILIES = [4, 6] as const;
type Session = Omit<DesiredPeer, 'type'>;

/** Whether the node is one of those that the BGPPeer speaks of as local. */
export function appliesTo({ spec }: BGPPeer, node: Node): boolean {
  if (spec.node) return spec.node === node.metadata.name;
  return !spec.nodeSelector || selects(spec.nodeSelector, node);
}

/** One session for each family that both nodes have. */
export function sessionsWith(
  { configurations }: Cluster,
  node: Node,
  other: Node,
  families: readonly (4 | 6)[] = FAMILIES,
): Session[] {
  return families.flatMap((family) => {
    const [localAddress, address] = [nodeAddress(node, family), nodeAddress(other, family)];
    if (localAddress === undefined || address === undefined || address === localAddress) return [];
    const { name } = other.metadata;
    return [
      { address, localAddress, name, asn: nodeAsn(other, configurations), port: listenPort(name, configurations) },
    ];
  });
}

/** The sessions that a BGPPeer asks of a node that it applies to. */
export function explicitPeers(cluster: Cluster, node: Node, resource: BGPPeer): DesiredPeer[] {
  const { spec } = resource;
  const localAsn = asNumber(spec.localASNumber);
  const common = {
    type: spec.node || spec.nodeSelector ? ('node specific' as const) : ('global' as const),
    spec,
    ...restartTime(spec),
    ...(localAsn !== undefined && { localAsn }),
  };
  if (spec.peerSelector) {
    return othersOf(cluster, node, (other) => selects(spec.peerSelector ?? '', other)).flatMap((other) =>
      sessionsWith(cluster, node, other).map((session) =>
        withReflection(cluster, node, other, { ...sourced(session, spec), ...common }),
      ),
    );
  }
  const remote = remoteOf(resource);
  if (remote === undefined) return [];
  const { address, family } = remote;
  const asn = asNumber(spec.asNumber) ?? globalAsn(cluster.configurations);
  const other = [...cluster.nodes.values()].find(
    (one) => nodeAddress(one, family) === address && nodeAsn(one, cluster.configurations) === asn,
  );
  const port = remote.port ?? (other ? listenPort(other.metadata.name, cluster.configurations) : DEFAULT_PORT);
  const localAddress = nodeAddress(node, family);
  // Another daemon on this host may be a peer, of whatever AS; this one is none to itself.
  if (address === localAddress && port === ownPort(cluster, node)) return [];
  const session: Session = { address, port, asn, name: resource.metadata.name, ...(localAddress && { localAddress }) };
  const behind = other === node ? undefined : other;
  return [withReflection(cluster, node, behind, { ...sourced(session, spec), ...common })];
}

/** The mirror of other nodes' sessions with us, so that a BGPPeer between nodes need be written once. */
export function mirroredPeers(cluster: Cluster, node: Node, resource: BGPPeer): DesiredPeer[] {
  const { spec } = resource;
  if (spec.reversePeering === 'Manual') return [];
  const families = spec.peerSelector
    ? selects(spec.peerSelector, node)
      ? FAMILIES
      : []
    : ourFamily(cluster, node, resource);
  if (families.length === 0) return [];
  // What the other end says of its own AS and of ours in paths is not ours to repeat.
  const { numAllowedLocalASNumbers: _, localASNumber, ...mirrored } = spec;
  const asn = asNumber(localASNumber);
  return othersOf(cluster, node, (other) => appliesTo(resource, other)).flatMap((other) =>
    sessionsWith(cluster, node, other, families).map((session) =>
      withReflection(cluster, node, other, {
        ...sourced(session, spec),
        ...(asn !== undefined && { asn }),
        ...restartTime(spec),
        spec: mirrored,
        type: 'node specific',
      }),
    ),
  );
}

/** The family in which `peerIP` is this very node: same address, AS, and port if one is named. */
function ourFamily(cluster: Cluster, node: Node, resource: BGPPeer): readonly (4 | 6)[] {
  const remote = remoteOf(resource);
  if (remote === undefined || remote.address !== nodeAddress(node, remote.family)) return [];
  const asn = asNumber(resource.spec.asNumber) ?? globalAsn(cluster.configurations);
  const ours =
    asn === nodeAsn(node, cluster.configurations) && (remote.port ?? ownPort(cluster, node)) === ownPort(cluster, node);
  return ours ? [remote.family] : [];
}

function remoteOf({ spec }: BGPPeer): { address: string; port: number | undefined; family: 4 | 6 } | undefined {
  const remote = readPeerIP(spec.peerIP ?? '');
  if (remote === undefined) return undefined;
  const address = parseAddress(remote.address);
  return { address: formatAddress(address), port: remote.port, family: address.family };
}

function ownPort({ configurations }: Cluster, node: Node): number {
  return listenPort(node.metadata.name, configurations);
}

function restartTime({ maxRestartTime }: BGPPeer['spec']): { restartTime?: number } {
  const time = seconds(maxRestartTime);
  return time === undefined ? {} : { restartTime: time };
}

/** `sourceAddress: None` leaves the choice of the local address to the kernel. */
function sourced({ localAddress, ...session }: Session, { sourceAddress }: BGPPeer['spec']): Session {
  return { ...session, ...(sourceAddress !== 'None' && localAddress !== undefined && { localAddress }) };
}

/** A reflector treats iBGP peers without its own cluster ID as clients. */
function withReflection(cluster: Cluster, node: Node, other: Node | undefined, peer: DesiredPeer): DesiredPeer {
  const clusterId = node.spec.bgp?.routeReflectorClusterID;
  const internal = peer.asn === (peer.localAsn ?? nodeAsn(node, cluster.configurations));
  if (!clusterId || !internal || other?.spec.bgp?.routeReflectorClusterID === clusterId) return peer;
  return { ...peer, clusterId };
}

function othersOf({ nodes }: Cluster, node: Node, wanted: (other: Node) => boolean): Node[] {
  return [...nodes.values()].filter((other) => other !== node && wanted(other));
}

function selects(selector: string, node: Node): boolean {
  return matchesSelector(selector, node.metadata.labels ?? {});
}
