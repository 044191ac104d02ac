import { formatAddress, tryParseInterfaceAddress } from '../base/index.ts';
import { type BGPConfiguration, type BGPPeer, matchesSelector, type Node, readPeerIP } from '../model/index.ts';
import type { DesiredPeer } from './desired.ts';

const DEFAULT_ASN = 64512;
const DEFAULT_PORT = 179;

/** Everything that decides who this node peers with. */
export interface PeerInputs {
  readonly nodename: string;
  readonly nodes: ReadonlyMap<string, Node>;
  readonly configurations: ReadonlyMap<string, BGPConfiguration>;
  readonly peers: ReadonlyMap<string, BGPPeer>;
}

/** The AS of the cluster: `BGPConfiguration default`, else 64512. */
export function globalAsn(configurations: ReadonlyMap<string, BGPConfiguration>): number {
  return asNumber(configurations.get('default')?.spec.asNumber) ?? DEFAULT_ASN;
}

export function nodeAsn(node: Node, configurations: ReadonlyMap<string, BGPConfiguration>): number {
  return asNumber(node.spec.bgp?.asNumber) ?? globalAsn(configurations);
}

/** A node's listen port: its own BGPConfiguration `node.<name>` before the default one. */
export function listenPort(nodename: string, configurations: ReadonlyMap<string, BGPConfiguration>): number {
  return (
    configurations.get(`node.${nodename}`)?.spec.listenPort ??
    configurations.get('default')?.spec.listenPort ??
    DEFAULT_PORT
  );
}

/** Where a node listens: everywhere, or with `bindMode: NodeIP` on its own addresses alone. */
export function listenAddresses(node: Node, configurations: ReadonlyMap<string, BGPConfiguration>): readonly string[] {
  if (configurations.get('default')?.spec.bindMode !== 'NodeIP') return ['0.0.0.0', '::'];
  return ([4, 6] as const).map((family) => nodeAddress(node, family)).filter((address) => address !== undefined);
}

/** ASNs are stored as numbers, decimal text, or `asdot` text such as `1.10`. */
export function asNumber(value: number | string | undefined | null): number | undefined {
  if (value === undefined || value === null || typeof value === 'number') return value ?? undefined;
  const dotted = /^(\d+)\.(\d+)$/.exec(value);
  return dotted ? Number(dotted[1]) * 65536 + Number(dotted[2]) : Number(value);
}

/** The node's address without its prefix length, or undefined. */
export function nodeAddress(node: Node | undefined, family: 4 | 6): string | undefined {
  const text = family === 4 ? node?.spec.bgp?.ipv4Address : node?.spec.bgp?.ipv6Address;
  const parsed = text ? tryParseInterfaceAddress(text) : undefined;
  return parsed && formatAddress(parsed.address);
}

/**
 * The peers of this node: the mesh, then global BGPPeers, then the node's own; a more specific one for the same
 * address and port replaces the less specific. Node and peers come out in a stable order.
 */
export function desiredPeers(inputs: PeerInputs): DesiredPeer[] {
  const node = inputs.nodes.get(inputs.nodename);
  if (node === undefined) return [];
  const byEndpoint = new Map<string, DesiredPeer>();
  const put = (peer: DesiredPeer): void => void byEndpoint.set(peer.address, peer);
  for (const peer of meshPeers(inputs, node)) put(peer);
  for (const type of ['global', 'node specific'] as const) {
    for (const resource of sorted(inputs.peers)) {
      if (peerType(resource) === type && appliesTo(resource, node))
        for (const peer of explicitPeers(inputs, node, resource)) put(peer);
    }
  }
  for (const peer of reversePeers(inputs, node)) if (!byEndpoint.has(peer.address)) put(peer);
  return [...byEndpoint.values()].sort((a, b) => (a.address < b.address ? -1 : 1));
}

function meshPeers(inputs: PeerInputs, node: Node): DesiredPeer[] {
  const spec = inputs.configurations.get('default')?.spec;
  if (spec?.nodeToNodeMeshEnabled === false || node.spec.bgp?.routeReflectorClusterID) return [];
  const restartTime = seconds(spec?.nodeMeshMaxRestartTime);
  return sorted(inputs.nodes).flatMap((other) => {
    if (other.metadata.name === inputs.nodename || other.spec.bgp?.routeReflectorClusterID) return [];
    return toNode(inputs, node, other).map((peer) => ({
      ...peer,
      type: 'node-to-node mesh' as const,
      ...(restartTime !== undefined && { restartTime }),
    }));
  });
}

/** One session for each family that both nodes have. */
function toNode(inputs: PeerInputs, node: Node, other: Node): Omit<DesiredPeer, 'type'>[] {
  return ([4, 6] as const).flatMap((family) => {
    const [localAddress, address] = [nodeAddress(node, family), nodeAddress(other, family)];
    if (localAddress === undefined || address === undefined || address === localAddress) return [];
    const name = other.metadata.name;
    const asn = nodeAsn(other, inputs.configurations);
    return [{ address, localAddress, name, asn, port: listenPort(name, inputs.configurations) }];
  });
}

function peerType({ spec }: BGPPeer): 'global' | 'node specific' {
  return spec.node || spec.nodeSelector ? 'node specific' : 'global';
}

function appliesTo({ spec }: BGPPeer, node: Node): boolean {
  if (spec.node) return spec.node === node.metadata.name;
  return !spec.nodeSelector || matchesSelector(spec.nodeSelector, node.metadata.labels ?? {});
}

function explicitPeers(inputs: PeerInputs, node: Node, resource: BGPPeer): DesiredPeer[] {
  const { spec } = resource;
  const restartTime = seconds(spec.maxRestartTime);
  const localAsn = asNumber(spec.localASNumber);
  const common = {
    type: peerType(resource),
    spec,
    ...(restartTime !== undefined && { restartTime }),
    ...(localAsn !== undefined && { localAsn }),
  };
  if (spec.peerSelector) {
    return sorted(inputs.nodes)
      .filter((other) => other !== node && matchesSelector(spec.peerSelector ?? '', other.metadata.labels ?? {}))
      .flatMap((other) =>
        toNode(inputs, node, other).map((peer) => withReflection(node, other, { ...peer, ...common }, inputs)),
      );
  }
  const remote = readPeerIP(spec.peerIP ?? '');
  if (remote === undefined) return [];
  const { address, port = DEFAULT_PORT } = remote;
  const localAddress = nodeAddress(node, address.includes(':') ? 6 : 4);
  if (address === localAddress) return [];
  const other = sorted(inputs.nodes).find(
    (candidate) => nodeAddress(candidate, address.includes(':') ? 6 : 4) === address,
  );
  const peer: DesiredPeer = {
    ...common,
    address,
    port,
    asn: asNumber(spec.asNumber) ?? globalAsn(inputs.configurations),
    name: resource.metadata.name,
    ...(localAddress !== undefined && spec.sourceAddress !== 'None' && { localAddress }),
  };
  return [withReflection(node, other, peer, inputs)];
}

/** A reflector treats iBGP peers without its own cluster ID as clients. */
function withReflection(node: Node, other: Node | undefined, peer: DesiredPeer, inputs: PeerInputs): DesiredPeer {
  const clusterId = node.spec.bgp?.routeReflectorClusterID;
  const internal = peer.asn === (peer.localAsn ?? nodeAsn(node, inputs.configurations));
  if (!clusterId || !internal || other?.spec.bgp?.routeReflectorClusterID === clusterId) return peer;
  return { ...peer, clusterId };
}

/** The mirror of other nodes' peerings with us, unless they are `reversePeering: Manual`. */
function reversePeers(inputs: PeerInputs, node: Node): DesiredPeer[] {
  return sorted(inputs.peers).flatMap((resource) => {
    if (resource.spec.reversePeering === 'Manual') return [];
    return sorted(inputs.nodes).flatMap((other) => {
      if (other === node || !appliesTo(resource, other)) return [];
      const theirs = explicitPeers(inputs, other, resource).filter((peer) => isUs(inputs, node, peer));
      return theirs.flatMap((their) => {
        const mirrored = toNode(inputs, node, other).filter((peer) => peer.localAddress === their.address);
        return mirrored.map((peer) => withReflection(node, other, { ...peer, type: 'node specific' }, inputs));
      });
    });
  });
}

function isUs(inputs: PeerInputs, node: Node, peer: DesiredPeer): boolean {
  const family = peer.address.includes(':') ? 6 : 4;
  return (
    peer.address === nodeAddress(node, family) &&
    peer.asn === nodeAsn(node, inputs.configurations) &&
    peer.port === listenPort(node.metadata.name, inputs.configurations)
  );
}

/** Go's duration text (`120s`, `2m30s`) in seconds. */
export function seconds(duration: string | undefined): number | undefined {
  if (duration === undefined) return undefined;
  const units = { h: 3600, m: 60, s: 1, ms: 0.001 } as const;
  let sum = 0;
  for (const [, number, unit] of duration.matchAll(/([\d.]+)(h|ms|m|s)/g))
    sum += Number(number) * units[unit as keyof typeof units];
  return sum;
}

function sorted<T>(byName: ReadonlyMap<string, T>): T[] {
  return [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);
}
