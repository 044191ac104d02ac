import { type Family, formatAddress, tryParseAddress } from '../base/index.ts';
import type { Node } from '../model/index.ts';
import type { DesiredPaths, DesiredWay } from './desired/index.ts';
import { nodeAddress } from './node-bgp.ts';
import { hashOf } from './rendezvous.ts';

/** The most other nodes that one probes: all of a small cluster, and of a large one as many as cost little. */
const MOST = 8;

/** A node's addresses in the pods' network; the first that both ends have is taken. */
const OVERLAYS: Readonly<Record<Family, readonly ((spec: Node['spec']) => string | undefined)[]>> = {
  4: [
    (spec) => spec.ipv4VXLANTunnelAddr,
    (spec) => spec.bgp?.ipv4IPIPTunnelAddr,
    (spec) => spec.wireguard?.interfaceIPv4Address,
  ],
  6: [(spec) => spec.ipv6VXLANTunnelAddr, (spec) => spec.wireguard?.interfaceIPv6Address],
};
const FAMILIES = [4, 6] as const;

/**
 * The ways that a node probes: nodes stand in a ring by the hashes of their names, and it takes the next few after itself. So each node is probed
 * by as many, whoever comes or goes concerns few, and neighbours in the ring are none in the rack. A node that Kubernetes calls not
 * ready is passed over: it is known to be away.
 */
export function desiredPaths(nodename: string, nodes: Iterable<Node>): DesiredPaths {
  const all = [...nodes];
  const self = all.find(({ metadata }) => metadata.name === nodename);
  if (self === undefined) return { own: [], known: [], ways: [] };
  const others = all.filter((node) => node !== self && node.status?.ready !== false);
  const own = hashOf(nodename);
  const place = ({ metadata }: Node): number => (hashOf(metadata.name) - own) >>> 0;
  const next = others
    .map((node) => ({ node, place: place(node) }))
    .sort((a, b) => a.place - b.place || (a.node.metadata.name < b.node.metadata.name ? -1 : 1))
    .slice(0, MOST);
  return {
    own: addressesOf(self),
    known: all.flatMap(addressesOf),
    ways: next.flatMap(({ node }) => waysTo(node, self)),
  };
}

function waysTo(node: Node, self: Node): readonly DesiredWay[] {
  const way = (family: Family, path: DesiredWay['path'], local?: string, remote?: string): readonly DesiredWay[] =>
    local === undefined || remote === undefined || local === remote
      ? []
      : [{ node: node.metadata.name, path, family, local, remote }];
  return FAMILIES.flatMap((family) => {
    const [local, remote] = [self, node].map((one) => OVERLAYS[family].map((of) => plain(of(one.spec))));
    const both = local.findIndex((address, at) => address !== undefined && remote[at] !== undefined);
    return [
      ...way(family, 'underlay', nodeAddress(self, family), nodeAddress(node, family)),
      ...way(family, 'overlay', local[both], remote[both]),
    ];
  });
}

function addressesOf(node: Node): readonly string[] {
  return FAMILIES.flatMap((family) =>
    [nodeAddress(node, family), ...OVERLAYS[family].map((of) => plain(of(node.spec)))].filter(
      (address) => address !== undefined,
    ),
  );
}

/** As the kernel writes it. */
function plain(text: string | undefined): string | undefined {
  const address = text ? tryParseAddress(text) : undefined;
  return address && formatAddress(address);
}
