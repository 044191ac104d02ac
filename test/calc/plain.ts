import {
  containsPrefix,
  formatPrefix,
  hostPrefix,
  isWireguardKey,
  parseAddress,
  parsePrefix,
} from '../../src/base/index.ts';
import type { SourceUpdate } from '../../src/calc/index.ts';
import { nodeAddress } from '../../src/calc/node-bgp.ts';
import { sameSubnet } from '../../src/calc/vxlan.ts';
import type { IPAMBlock, IPPool, Node } from '../../src/model/index.ts';

/*
 * The specification of what is as large as the cluster: everything → desired, by looking at everything each time, without
 * remembering anything. Slow and obvious on purpose; the calculation is held to it.
 */

/** The state that a sequence of updates leaves. */
export function finalState(updates: readonly SourceUpdate[]): SourceUpdate[] {
  const last = new Map<string, SourceUpdate>();
  for (const update of updates) {
    const key = `${update.key.kind} ${update.key.namespace ?? ''} ${update.key.name}`;
    last.delete(key);
    if (update.resource !== undefined) last.set(key, update);
  }
  return [...last.values()];
}

interface Held {
  readonly cidr: string;
  readonly node: string;
  readonly why: string;
}

interface World {
  readonly self: string;
  readonly nodes: readonly Node[];
  readonly blocks: readonly IPAMBlock[];
  readonly pools: readonly IPPool[];
}

export function worldOf(self: string, state: readonly SourceUpdate[]): World {
  const of = (kind: string) => state.filter(({ key }) => key.kind === kind).map(({ resource }) => resource);
  const byName = (a: { metadata: { name: string } }, b: { metadata: { name: string } }) =>
    a.metadata.name < b.metadata.name ? -1 : 1;
  return {
    self,
    nodes: (of('Node') as Node[]).sort(byName),
    blocks: (of('IPAMBlock') as IPAMBlock[]).sort(byName),
    pools: (of('IPPool') as IPPool[]).sort(byName),
  };
}

/** Who has what: each CIDR once, that of the block whose name comes first. */
function held({ blocks }: World): Held[] {
  const all = blocks.flatMap(({ spec }) => {
    const owner = spec.affinity?.slice('host:'.length);
    const base = spec.cidr.split('/')[0].split('.').map(Number);
    return [
      ...(owner === undefined ? [] : [{ cidr: spec.cidr, node: owner, why: `block of ${owner}` }]),
      ...spec.allocations.flatMap((attribute, ordinal) => {
        const node = attribute === null ? undefined : spec.attributes[attribute]?.secondary?.['node'];
        if (node === undefined || node === owner) return [];
        const cidr = `${[...base.slice(0, 3), base[3] + ordinal].join('.')}/32`;
        return [{ cidr, node, why: `borrowed by ${node}` }];
      }),
    ];
  });
  return unique(all);
}

/** The first that has a CIDR keeps it. */
function unique(all: readonly Held[]): Held[] {
  const first = new Map<string, Held>();
  for (const one of all) if (!first.has(one.cidr)) first.set(one.cidr, one);
  return sorted([...first.values()]);
}

function sorted<T extends { readonly cidr: string }>(list: readonly T[]): T[] {
  return [...list].sort((a, b) => (a.cidr < b.cidr ? -1 : 1));
}

/** IPv4's VXLAN: nodes with both addresses, and routes to what they hold in pools that want it. */
export function plainVxlan(world: World) {
  const node = world.nodes.find(({ metadata }) => metadata.name === world.self);
  const ranges = world.pools.filter(({ spec }) => (spec.vxlanMode ?? 'Never') !== 'Never');
  if (ranges.length === 0 || nodeAddress(node, 4) === undefined) return undefined;
  const peers = world.nodes.flatMap((other) => {
    const [underlay, address] = [nodeAddress(other, 4), other.spec.ipv4VXLANTunnelAddr];
    if (other === node || underlay === undefined || !address) return [];
    return [{ node: other.metadata.name, underlay, address }];
  });
  const routes = held(world).flatMap(({ cidr, node: holder, why }) => {
    const peer = peers.find((one) => one.node === holder);
    const range = ranges.find(({ spec }) => containsPrefix(parsePrefix(spec.cidr), parsePrefix(cidr)));
    if (peer === undefined || range === undefined) return [];
    const direct = range.spec.vxlanMode === 'CrossSubnet' && node !== undefined && sameSubnet(node, peer.underlay);
    return [{ cidr, mode: direct ? 'subnet' : 'tunnel', via: direct ? peer.underlay : peer.address, why }];
  });
  return { peers, routes };
}

/** IPv4's WireGuard without host encryption: nodes with a key of their own, and a way for every CIDR. */
export function plainWireguard(world: World) {
  const keyOf = ({ status }: Node) => {
    const key = status?.wireguardPublicKey;
    return key && isWireguardKey(key) ? key : undefined;
  };
  if (
    nodeAddress(
      world.nodes.find(({ metadata }) => metadata.name === world.self),
      4,
    ) === undefined
  )
    return undefined;
  const blocks = held(world);
  const tunnels = world.nodes.flatMap((node) => {
    const name = node.metadata.name;
    const own = blocks.filter((one) => one.node === name);
    return [node.spec.ipv4VXLANTunnelAddr].flatMap((text) => {
      if (!text) return [];
      const cidr = formatPrefix(hostPrefix(parseAddress(text)));
      if (own.some((block) => containsPrefix(parsePrefix(block.cidr), parsePrefix(cidr)))) return [];
      return [{ cidr, node: name, why: `tunnel address of ${name}` }];
    });
  });
  const places = unique([...blocks, ...tunnels]);
  const why = (name: string): string | undefined => {
    const node = world.nodes.find(({ metadata }) => metadata.name === name);
    if (name === world.self) return 'our own';
    if (node === undefined) return `in clear: ${name} is unknown`;
    if (nodeAddress(node, 4) === undefined) return `in clear: ${name} has no IPv4 address`;
    const key = keyOf(node);
    if (key === undefined) return `in clear: ${name} has no WireGuard key`;
    const rival = world.nodes.find((other) => other !== node && keyOf(other) === key);
    return rival && `in clear: ${name} has the same WireGuard key as ${rival.metadata.name}`;
  };
  return {
    peers: world.nodes.flatMap((node) => {
      const { name } = node.metadata;
      if (why(name) !== undefined) return [];
      const allowedIps = places.filter((place) => place.node === name).map(({ cidr }) => cidr);
      return [
        { node: name, publicKey: keyOf(node), endpoint: `${nodeAddress(node, 4)}:51820`, keepalive: 0, allowedIps },
      ];
    }),
    routes: places.map((place) => {
      const reason = why(place.node);
      return reason === undefined
        ? { cidr: place.cidr, mode: 'tunnel', why: place.why }
        : { cidr: place.cidr, mode: 'throw', why: `${place.why}; ${reason}` };
    }),
  };
}
