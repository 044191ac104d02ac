import type { BGPConfiguration, BGPPeer, Node } from '../model/index.ts';
import { appliesTo, explicitPeers, mirroredPeers, sessionsWith } from './bgp-peers.ts';
import type { DesiredPeer } from './desired/index.ts';
import { seconds } from './duration.ts';

/** Everything that decides who this node peers with. */
export interface PeerInputs {
  readonly nodename: string;
  readonly nodes: ReadonlyMap<string, Node>;
  readonly configurations: ReadonlyMap<string, BGPConfiguration>;
  readonly peers: ReadonlyMap<string, BGPPeer>;
}

/** One session that the resources ask for. A refused one does not run, nor does a less trusted one in its place. */
export interface Peering {
  readonly peer: DesiredPeer;
  /** The object that asks for it, as people name it. */
  readonly by: string;
  readonly refused?: string;
}

/** Why a session with a password is not run: it would have none. */
const NO_SECRETS =
  'its password is in a Secret, which is not read yet, and without it the session would be unprotected';

/** The peers of this node, ordered by address and port. */
export function desiredPeers(inputs: PeerInputs): DesiredPeer[] {
  return peerings(inputs).flatMap(({ peer, refused }) => (refused === undefined ? [peer] : []));
}

/**
 * Calico's precedence, for each address and port: a global BGPPeer, a node's own, the mirror of another node's; of
 * equals the first by name; and any of them before the mesh. The order is that of addresses, then ports.
 */
export function peerings(inputs: PeerInputs): Peering[] {
  const node = inputs.nodes.get(inputs.nodename);
  if (node === undefined) return [];
  const resources = sorted(inputs.peers);
  const here = resources.filter((resource) => appliesTo(resource, node));
  const explicit = here.flatMap((resource) => asked(resource, explicitPeers(inputs, node, resource)));
  const byEndpoint = new Map<string, Peering>();
  for (const peering of [
    ...explicit.filter(({ peer }) => peer.type === 'global'),
    ...explicit.filter(({ peer }) => peer.type !== 'global'),
    ...resources.flatMap((resource) => asked(resource, mirroredPeers(inputs, node, resource))),
    ...meshPeers(inputs, node),
  ]) {
    const endpoint = `${peering.peer.address} ${peering.peer.port}`;
    if (!byEndpoint.has(endpoint)) byEndpoint.set(endpoint, peering);
  }
  return [...byEndpoint.values()].sort(({ peer: a }, { peer: b }) =>
    a.address === b.address ? a.port - b.port : a.address < b.address ? -1 : 1,
  );
}

/** What of the BGPPeers and BGPConfiguration that concern this node has no session, or not the one that was asked for. */
export function peerProblems(inputs: PeerInputs): string[] {
  const node = inputs.nodes.get(inputs.nodename);
  const refused = peerings(inputs).flatMap(({ by, refused }) => (refused === undefined ? [] : [`${by}: ${refused}`]));
  const here = node === undefined ? [] : sorted(inputs.peers).filter((resource) => appliesTo(resource, node));
  const partly = here.flatMap(({ metadata, spec }) => [
    ...(spec.localWorkloadSelector ? [`BGPPeer ${metadata.name}: peering with local workloads is not there yet`] : []),
    ...(spec.reachableBy ? [`BGPPeer ${metadata.name}: reachableBy has no effect yet`] : []),
  ]);
  return [...new Set([...refused, ...partly])];
}

function asked(resource: BGPPeer, peers: readonly DesiredPeer[]): Peering[] {
  const by = `BGPPeer ${resource.metadata.name}`;
  const why = unprotected(resource, resource.spec.password);
  return peers.map((peer) => ({ peer, by, ...(why !== undefined && { refused: `no session: ${why}` }) }));
}

/** Why a session would lack what protects it. */
function unprotected({ unread = [] }: BGPPeer | BGPConfiguration, password: unknown): string | undefined {
  if (password) return NO_SECRETS;
  if (unread.length === 0) return undefined;
  return `${unread.join(', ')} can't be understood, and without it the session would be unprotected`;
}

function meshPeers(inputs: PeerInputs, node: Node): Peering[] {
  const configuration = inputs.configurations.get('default');
  const spec = configuration?.spec;
  const why = configuration && unprotected(configuration, spec?.nodeMeshPassword);
  if (spec?.nodeToNodeMeshEnabled === false || node.spec.bgp?.routeReflectorClusterID) return [];
  const restartTime = seconds(spec?.nodeMeshMaxRestartTime);
  return sorted(inputs.nodes).flatMap((other) => {
    if (other.metadata.name === inputs.nodename || other.spec.bgp?.routeReflectorClusterID) return [];
    return sessionsWith(inputs, node, other).map((session) => ({
      peer: { ...session, type: 'node-to-node mesh', ...(restartTime !== undefined && { restartTime }) } as const,
      by: 'BGPConfiguration default nodeMeshPassword',
      ...(why !== undefined && { refused: `no session of the mesh: ${why}` }),
    }));
  });
}

function sorted<T>(byName: ReadonlyMap<string, T>): T[] {
  return [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);
}
