import { formatAddress, parseAddress } from '../../src/base/index.ts';
import type { DesiredPeer, SourceUpdate } from '../../src/calc/index.ts';
import { asNumber, seconds } from '../../src/calc/index.ts';
import { globalAsn, listenPort, nodeAddress, nodeAsn } from '../../src/calc/node-bgp.ts';
import { type BGPConfiguration, type BGPPeer, matchesSelector, type Node, readPeerIP } from '../../src/model/index.ts';

/*
 * The specification of this node's peers: all BGPPeers with all nodes, looked at anew each time.
 */

interface World {
  readonly self: Node;
  readonly nodes: readonly Node[];
  readonly peers: readonly BGPPeer[];
  readonly configurations: ReadonlyMap<string, BGPConfiguration>;
}

/** The sessions by `address port`: of those that are asked for, the first by precedence; absent where that is refused. */
export function plainPeers(self: string, state: readonly SourceUpdate[]): ReadonlyMap<string, DesiredPeer> {
  const of = <T extends { readonly metadata: { readonly name: string } }>(kind: string): T[] =>
    state
      .filter(({ key }) => key.kind === kind)
      .map(({ resource }) => resource as unknown as T)
      .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  const nodes = of<Node>('Node');
  const node = nodes.find(({ metadata }) => metadata.name === self);
  if (node === undefined) return new Map();
  const configurations = new Map(of<BGPConfiguration>('BGPConfiguration').map((one) => [one.metadata.name, one]));
  const world: World = { self: node, nodes, peers: of('BGPPeer'), configurations };
  const explicit = world.peers.flatMap((one) => (appliesTo(one, node) ? explicitOf(world, one) : []));
  const first = new Map<string, Asked>();
  for (const one of [
    ...explicit.filter(({ peer }) => peer.type === 'global'),
    ...explicit.filter(({ peer }) => peer.type !== 'global'),
    ...world.peers.flatMap((peer) => mirrorsOf(world, peer)),
    ...meshOf(world),
  ]) {
    const key = `${one.peer.address} ${one.peer.port}`;
    if (!first.has(key)) first.set(key, one);
  }
  return new Map([...first].filter(([, one]) => !one.refused).map(([key, { peer }]) => [key, peer]));
}

interface Asked {
  readonly peer: DesiredPeer;
  readonly refused: boolean;
}

function explicitOf(world: World, resource: BGPPeer): Asked[] {
  const { spec } = resource;
  const refused = spec.password !== undefined;
  const localAsn = asNumber(spec.localASNumber);
  const type = spec.node || spec.nodeSelector ? 'node specific' : 'global';
  const common = { type, ...(localAsn !== undefined && { localAsn }) } as const;
  const { peerSelector } = spec;
  if (peerSelector) {
    return others(world)
      .filter((other) => selects(peerSelector, other))
      .flatMap((other) =>
        sessions(world, other, [4, 6]).map((one) => ({
          peer: settled(world, other, spec, { ...one, ...common }),
          refused,
        })),
      );
  }
  const remote = readPeerIP(spec.peerIP ?? '');
  if (remote === undefined) return [];
  const address = formatAddress(parseAddress(remote.address));
  const family = address.includes(':') ? 6 : 4;
  const asn = asNumber(spec.asNumber) ?? globalAsn(world.configurations);
  const other = world.nodes.find(
    (node) => nodeAddress(node, family) === address && nodeAsn(node, world.configurations) === asn,
  );
  const port = remote.port ?? (other ? listenPort(other.metadata.name, world.configurations) : 179);
  const localAddress = nodeAddress(world.self, family);
  if (address === localAddress && port === ownPort(world)) return [];
  const one = { address, port, asn, name: resource.metadata.name, ...(localAddress && { localAddress }) };
  const behind = other === world.self ? undefined : other;
  const ofCluster = behind && ({ ofCluster: true } as const);
  return [{ peer: settled(world, behind, spec, { ...one, ...ofCluster, ...common }), refused }];
}

function mirrorsOf(world: World, { spec: { numAllowedLocalASNumbers: _, localASNumber, ...spec } }: BGPPeer): Asked[] {
  if (spec.reversePeering === 'Manual') return [];
  let families: readonly (4 | 6)[] = [];
  if (spec.peerSelector) families = selects(spec.peerSelector, world.self) ? [4, 6] : [];
  else {
    const remote = readPeerIP(spec.peerIP ?? '');
    const address = remote && formatAddress(parseAddress(remote.address));
    const family = address?.includes(':') ? 6 : 4;
    const asn = asNumber(spec.asNumber) ?? globalAsn(world.configurations);
    const isOurs =
      address !== undefined &&
      address === nodeAddress(world.self, family) &&
      asn === nodeAsn(world.self, world.configurations) &&
      (remote?.port ?? ownPort(world)) === ownPort(world);
    if (isOurs) families = [family];
  }
  const asn = asNumber(localASNumber);
  return others(world)
    .filter((other) => appliesTo({ spec }, other))
    .flatMap((other) =>
      sessions(world, other, families).map((one) => ({
        peer: settled(world, other, spec, { ...one, ...(asn !== undefined && { asn }), type: 'node specific' }),
        refused: spec.password !== undefined,
      })),
    );
}

function meshOf(world: World): Asked[] {
  const spec = world.configurations.get('default')?.spec;
  if (spec?.nodeToNodeMeshEnabled === false || world.self.spec.bgp?.routeReflectorClusterID) return [];
  const restartTime = seconds(spec?.nodeMeshMaxRestartTime);
  return others(world)
    .filter(({ spec: { bgp } }) => !bgp?.routeReflectorClusterID)
    .flatMap((other) => sessions(world, other, [4, 6]))
    .map((one) => ({
      peer: {
        ...one,
        type: 'node-to-node mesh',
        filters: [],
        nextHop: 'auto',
        ...(restartTime !== undefined && { restartTime }),
      },
      refused: spec?.nodeMeshPassword !== undefined,
    }));
}

function settled(
  world: World,
  other: Node | undefined,
  spec: BGPPeer['spec'],
  given: Omit<DesiredPeer, 'filters' | 'nextHop'>,
): DesiredPeer {
  const internal = given.asn === (given.localAsn ?? nodeAsn(world.self, world.configurations));
  const clusterId = world.self.spec.bgp?.routeReflectorClusterID;
  const peer: Record<string, unknown> = { ...given, filters: spec.filters ?? [], nextHop: 'auto' };
  if (spec.nextHopMode === 'Self') peer['nextHop'] = 'self';
  if (spec.nextHopMode === 'Keep' || (spec.keepOriginalNextHop && !internal)) peer['nextHop'] = 'keep';
  if (spec.sourceAddress === 'None') delete peer['localAddress'];
  if (spec.maxRestartTime !== undefined) peer['restartTime'] = seconds(spec.maxRestartTime);
  if (spec.keepaliveTime !== undefined) peer['keepaliveTime'] = seconds(spec.keepaliveTime);
  if (spec.ttlSecurity) peer['ttlSecurity'] = spec.ttlSecurity;
  if (spec.numAllowedLocalASNumbers !== undefined) peer['allowLocalAs'] = spec.numAllowedLocalASNumbers;
  if (internal && given.type !== 'local workload') peer['addPath'] = given.addPath ?? 'both';
  if (clusterId && internal && other?.spec.bgp?.routeReflectorClusterID !== clusterId) peer['clusterId'] = clusterId;
  return peer as unknown as DesiredPeer;
}

function sessions({ self, configurations }: World, other: Node, families: readonly (4 | 6)[]) {
  return families.flatMap((family) => {
    const [localAddress, address] = [nodeAddress(self, family), nodeAddress(other, family)];
    if (localAddress === undefined || address === undefined || address === localAddress) return [];
    const { name } = other.metadata;
    return [
      {
        ...{ address, localAddress, name, ofCluster: true as const },
        ...{ asn: nodeAsn(other, configurations), port: listenPort(name, configurations) },
      },
    ];
  });
}

function others({ nodes, self }: World): readonly Node[] {
  return nodes.filter((other) => other !== self);
}

function appliesTo({ spec }: Pick<BGPPeer, 'spec'>, node: Node): boolean {
  if (spec.node) return spec.node === node.metadata.name;
  return !spec.nodeSelector || selects(spec.nodeSelector, node);
}

function selects(selector: string, { metadata }: Node): boolean {
  return matchesSelector(selector, metadata.labels ?? {});
}

function ownPort({ self, configurations }: World): number {
  return listenPort(self.metadata.name, configurations);
}
