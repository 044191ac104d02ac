import { formatAddress, parseAddress } from '../base/index.ts';
import { type BGPPeer, isLinkLocal, type Node, readPeerIP } from '../model/index.ts';
import type { DesiredPeer } from './desired/index.ts';
import { seconds } from './duration.ts';
import {
  asNumber,
  type Configurations,
  DEFAULT_PORT,
  globalAsn,
  listenPort,
  nodeAddress,
  nodeAsn,
} from './node-bgp.ts';
import { peerExtensions } from './peer-extensions.ts';

/** The facts about this node that its sessions depend on. */
export interface Here {
  readonly node: Node;
  readonly configurations: Configurations;
}

const FAMILIES = [4, 6] as const;
type Families = readonly (4 | 6)[];
/** A session as far as the two ends tell. */
type Ends = Pick<DesiredPeer, 'address' | 'port' | 'asn' | 'name' | 'localAddress' | 'ofCluster'>;

/** A peer by its address, where a BGPPeer names one. */
export interface Remote {
  readonly address: string;
  readonly port: number | undefined;
  readonly family: 4 | 6;
}

/**
 * The addresses that a BGPPeer names, in the one way of writing them: a link-local one with the link of its annotation,
 * or without `peerIP` the other ends of those links.
 */
export function remotesOf(resource: BGPPeer): readonly Remote[] {
  const { spec } = resource;
  if (spec.peerSelector || spec.localWorkloadSelector) return [];
  const { interfaces = [] } = peerExtensions(resource).value;
  if (!spec.peerIP) return interfaces.map((name) => ({ address: `%${name}`, port: undefined, family: 6 }));
  const remote = readPeerIP(spec.peerIP);
  if (remote === undefined) return [];
  const { port } = remote;
  const [bare, zone] = remote.address.split('%');
  const { family, ...rest } = parseAddress(bare);
  const address = formatAddress({ family, ...rest });
  if (!isLinkLocal(bare)) return [{ address, port, family }];
  return (zone === undefined ? interfaces : [zone]).map((name) => ({ address: `${address}%${name}`, port, family }));
}

/** The mesh's sessions with another node: none with or among route reflectors. */
export function meshPeers(here: Here, other: Node): DesiredPeer[] {
  const spec = here.configurations.get('default')?.spec;
  if (spec?.nodeToNodeMeshEnabled === false) return [];
  if (here.node.spec.bgp?.routeReflectorClusterID || other.spec.bgp?.routeReflectorClusterID) return [];
  const restartTime = seconds(spec?.nodeMeshMaxRestartTime);
  return between(here, other).map((session) => ({
    ...session,
    type: 'node-to-node mesh',
    filters: [],
    nextHop: 'auto',
    ...(restartTime !== undefined && { restartTime }),
  }));
}

/** The sessions with another node that a BGPPeer of this one asks for by its `peerSelector`. */
export function selectedPeers(here: Here, other: Node, resource: BGPPeer): DesiredPeer[] {
  return between(here, other).map((session) => asked(here, other, resource, session));
}

/** The sessions with the address that a BGPPeer of this node names; `other` is the node there, if any. */
export function namedPeers(here: Here, other: Node | undefined, resource: BGPPeer, remote: Remote): DesiredPeer[] {
  const { address, family } = remote;
  const { node, configurations } = here;
  const port = remote.port ?? (other ? listenPort(other.metadata.name, configurations) : DEFAULT_PORT);
  const localAddress = address.includes('%') ? undefined : nodeAddress(node, family);
  // Another daemon on this host may be a peer, of whatever AS; this one is none to itself.
  if (address === localAddress && port === ownPort(here)) return [];
  const behind = other?.metadata.name === node.metadata.name ? undefined : other;
  const asn = remoteAsn(here, resource);
  const session: Ends = { address, port, asn, name: resource.metadata.name, ...(localAddress && { localAddress }) };
  return [asked(here, behind, resource, { ...session, ...(behind && { ofCluster: true }) })];
}

/**
 * The mirror of another node's sessions with us, so that a BGPPeer between nodes need be written once. `families`:
 * those in which it means this node.
 */
export function mirroredPeers(here: Here, other: Node, resource: BGPPeer, families: Families): DesiredPeer[] {
  // The other end's rules about AS numbers in paths are its own, and are left out.
  const { numAllowedLocalASNumbers: _, reachableBy: __, localASNumber, ...spec } = resource.spec;
  const asn = asNumber(localASNumber);
  return between(here, other, families).map((session) =>
    withSettings(here, other, spec, {
      ...session,
      ...(asn !== undefined && { asn }),
      type: 'node specific',
    }),
  );
}

/**
 * The families in which a BGPPeer of other nodes means this one: by selector, or same address, AS, and port if one is
 * named.
 */
export function familiesMeant(here: Here, resource: BGPPeer, isSelected: boolean): Families {
  if (resource.spec.reversePeering === 'Manual') return [];
  if (resource.spec.peerSelector) return isSelected ? FAMILIES : [];
  const [remote] = remotesOf(resource);
  if (remote === undefined || remote.address !== nodeAddress(here.node, remote.family)) return [];
  const sameAs = remoteAsn(here, resource) === nodeAsn(here.node, here.configurations);
  return sameAs && (remote.port ?? ownPort(here)) === ownPort(here) ? [remote.family] : [];
}

/** The AS at the address that a BGPPeer names. */
export function remoteAsn({ configurations }: Here, { spec }: BGPPeer): number {
  return asNumber(spec.asNumber) ?? globalAsn(configurations);
}

/** One session for each family that both nodes have. */
function between({ node, configurations }: Here, other: Node, families: Families = FAMILIES): Ends[] {
  return families.flatMap((family) => {
    const [localAddress, address] = [nodeAddress(node, family), nodeAddress(other, family)];
    if (localAddress === undefined || address === undefined || address === localAddress) return [];
    const { name } = other.metadata;
    return [
      {
        ...{ address, localAddress, name, ofCluster: true },
        ...{ asn: nodeAsn(other, configurations), port: listenPort(name, configurations) },
      },
    ];
  });
}

function asked(here: Here, other: Node | undefined, resource: BGPPeer, session: Ends): DesiredPeer {
  const { spec } = resource;
  const { interfaces, failureDetectionMode, ...limits } = peerExtensions(resource).value;
  const localAsn = asNumber(spec.localASNumber);
  return withSettings(
    here,
    other,
    { ...(failureDetectionMode && { failureDetectionMode }), ...spec },
    {
      ...session,
      ...(session.address.includes('%') && interfaces && { families: FAMILIES }),
      ...limits,
      type: spec.node || spec.nodeSelector ? 'node specific' : 'global',
      ...(localAsn !== undefined && { localAsn }),
    },
  );
}

/** The settings of a BGPPeer that hold for each of its sessions. */
export function withSettings(
  { node, configurations }: Here,
  other: Node | undefined,
  spec: BGPPeer['spec'],
  { localAddress, ...session }: Omit<DesiredPeer, 'filters' | 'nextHop'>,
): DesiredPeer {
  const isInternal = session.asn === (session.localAsn ?? nodeAsn(node, configurations));
  const clusterId = node.spec.bgp?.routeReflectorClusterID;
  // A reflector treats iBGP peers without its own cluster ID as clients.
  const reflects = clusterId && isInternal && other?.spec.bgp?.routeReflectorClusterID !== clusterId;
  const restartTime = seconds(spec.maxRestartTime);
  const keepaliveTime = seconds(spec.keepaliveTime);
  const allowLocalAs = spec.numAllowedLocalASNumbers == null ? undefined : Math.max(0, spec.numAllowedLocalASNumbers);
  return {
    ...session,
    // `sourceAddress: None` leaves the choice to the kernel.
    ...(spec.sourceAddress !== 'None' && localAddress !== undefined && { localAddress }),
    filters: spec.filters ?? [],
    nextHop: nextHopOf(spec, isInternal),
    ...(restartTime !== undefined && { restartTime }),
    ...(keepaliveTime !== undefined && { keepaliveTime }),
    ...(spec.ttlSecurity && { ttlSecurity: spec.ttlSecurity }),
    ...(allowLocalAs !== undefined && { allowLocalAs }),
    ...detectionOf(spec),
    ...(spec.reachableBy && { reachableBy: spec.reachableBy }),
    ...(reflects && { clusterId }),
    // As in Calico, who has them from BIRD: a reflector and its clients tell each other of all next hops.
    ...(isInternal && session.type !== 'local workload' && { addPath: session.addPath ?? 'both' }),
  };
}

function detectionOf({ failureDetectionMode }: BGPPeer['spec']): Pick<DesiredPeer, 'failureDetection'> {
  if (failureDetectionMode === 'BFD') return { failureDetection: 'any' };
  return failureDetectionMode === 'BFDIfDirectlyConnected' ? { failureDetection: 'direct' } : {};
}

/** `keepOriginalNextHop` is for external peers. */
function nextHopOf({ keepOriginalNextHop, nextHopMode }: BGPPeer['spec'], isInternal: boolean): DesiredPeer['nextHop'] {
  if (keepOriginalNextHop && !isInternal) return 'keep';
  return nextHopMode === 'Self' ? 'self' : nextHopMode === 'Keep' ? 'keep' : 'auto';
}

function ownPort({ node, configurations }: Here): number {
  return listenPort(node.metadata.name, configurations);
}
