import { type BGPConfiguration, type BGPPeer, isLinkLocal, type Node } from '../model/index.ts';
import { remotesOf } from './bgp-peers.ts';
import { toldFields } from './effects/index.ts';
import { asNumber, nodeAsn } from './node-bgp.ts';
import { clusterExtensions, peerExtensions } from './peer-extensions.ts';
import { isOfNode } from './peer-problems.ts';

type Configurations = ReadonlyMap<string, BGPConfiguration>;

/** The wishes of this node's BGPPeers and BGPConfigurations that are not met. */
export function passedOver(
  node: Node | undefined,
  peers: Iterable<readonly [string, BGPPeer]>,
  configurations: Configurations,
): string[] {
  if (node === undefined) return [];
  const own = [...peers].filter(([, { spec }]) => isOfNode(spec, node));
  return [
    ...ofConfigurations(node, configurations),
    ...own.flatMap(([name, peer]) => ofPeer(peer, node, configurations).map((why) => `BGPPeer ${name}: ${why}`)),
  ].sort();
}

function ofConfigurations(node: Node, configurations: Configurations): string[] {
  const idle = ['default', `node.${node.metadata.name}`].flatMap((name) =>
    toldFields('BGPConfiguration', configurations.get(name)?.spec ?? {}).map(
      ({ field, why }) => `BGPConfiguration ${name} ${field} has no effect: ${why}`,
    ),
  );
  const { unknown, unread } = clusterExtensions(configurations.get('default'));
  return [...idle, ...[...unknown, ...unread].map((why) => `BGPConfiguration default: ${why}`)];
}

function ofPeer(peer: BGPPeer, node: Node, configurations: Configurations): string[] {
  const { spec } = peer;
  const config = configurations.get('default');
  const { bindMode, localWorkloadPeeringIPV4: four, localWorkloadPeeringIPV6: six } = config?.spec ?? {};
  const problems = [...peerExtensions(peer).unknown];
  if (spec.localWorkloadSelector && !four && !six) {
    problems.push(
      'no session with pods: BGPConfiguration default has neither localWorkloadPeeringIPV4 nor localWorkloadPeeringIPV6',
    );
  } else if (spec.localWorkloadSelector && bindMode === 'NodeIP') {
    problems.push('no session with pods: with bindMode NodeIP nobody listens where they would come');
  }
  if (isLinkLocal(spec.peerIP ?? '') && remotesOf(peer).length === 0) {
    problems.push(`no session: ${spec.peerIP} is link-local; name its link, as in fe80::1%eth0`);
  }
  const isDenied = clusterExtensions(config).value.ebgpRequiresPolicy && !spec.peerSelector && !spec.filters?.length;
  const asn = asNumber(spec.localASNumber) ?? nodeAsn(node, configurations);
  if (isDenied && (asNumber(spec.asNumber) ?? asn) !== asn) {
    problems.push('it gets and gives no routes: ebgpRequiresPolicy is set, and it has no filters');
  }
  return problems;
}
