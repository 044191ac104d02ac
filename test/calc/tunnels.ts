import { Entries } from '../../src/base/index.ts';
import type { HostAddresses } from '../../src/calc/desired/index.ts';
import type { DesiredVtep, DesiredVxlan, DesiredVxlanRoute } from '../../src/calc/index.ts';

/** A node at the other end of VXLAN, known by its number: 172.16.0.N, 10.244.N.0. */
export function vtep(node: string, number: number): DesiredVtep {
  const mac = `66:00:00:00:00:0${number}`;
  return { node, underlay: `172.16.0.${number}`, address: `10.244.${number}.0`, mac };
}

export interface VxlanMore extends Omit<Partial<DesiredVxlan>, 'peers' | 'routes'> {
  readonly routes?: readonly DesiredVxlanRoute[];
}

/** VXLAN of the node with number 1, with a block on each of the others, unless `more` says otherwise. */
export function vxlan(peers: readonly DesiredVtep[], { routes, ...more }: VxlanMore = {}): DesiredVxlan {
  const { underlay, address, mac } = vtep('node1', 1);
  return {
    family: 4,
    vni: 4096,
    port: 4789,
    underlay,
    address,
    mac,
    peers: byNode(peers),
    routes: byCidr(
      routes ??
        peers.map((peer) => ({
          cidr: `${peer.address}/26`,
          mode: 'tunnel',
          via: peer.address,
          why: `block of ${peer.node}`,
        })),
    ),
    ...more,
  };
}

export function byNode<T extends { readonly node: string }>(list: readonly T[]): Entries<T> {
  return Entries.of(list.map((entry) => [entry.node, entry]));
}

export function byCidr<T extends { readonly cidr: string }>(list: readonly T[]): Entries<T> {
  return Entries.of(list.map((entry) => [entry.cidr, entry]));
}

/** The values in the order of their keys. */
export function listed<T>(entries: Entries<T> | undefined): T[] {
  return [...(entries ?? [])].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);
}

/** Nodes' addresses and networks of nodes, from CIDRs of both families. */
export function hostsOf(...cidrs: readonly string[]): HostAddresses {
  const of = (isSix: boolean): Entries<string> =>
    Entries.of(
      cidrs
        .filter((cidr) => cidr.includes(':') === isSix)
        .map((cidr) => [cidr.replace(isSix ? /\/128$/ : /\/32$/, ''), cidr]),
    );
  return { 4: of(false), 6: of(true) };
}

/** The CIDRs of both families, in order. */
export function cidrsOf(hosts: HostAddresses): readonly string[] {
  return [...hosts[4].values(), ...hosts[6].values()].sort();
}
