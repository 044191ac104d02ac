import type { DesiredVtep, DesiredVxlan } from '../../src/calc/index.ts';

/** A node at the other end of VXLAN, known by its number: 172.16.0.N, 10.244.N.0. */
export function vtep(node: string, number: number): DesiredVtep {
  const mac = `66:00:00:00:00:0${number}`;
  return { node, underlay: `172.16.0.${number}`, address: `10.244.${number}.0`, mac };
}

/** VXLAN of the node with number 1, with a block on each of the others, unless `more` says otherwise. */
export function vxlan(peers: readonly DesiredVtep[], more: Partial<DesiredVxlan> = {}): DesiredVxlan {
  const { underlay, address, mac } = vtep('node1', 1);
  return {
    family: 4,
    vni: 4096,
    port: 4789,
    underlay,
    address,
    mac,
    peers,
    routes: peers.map((peer) => ({
      cidr: `${peer.address}/26`,
      mode: 'tunnel',
      via: peer.address,
      why: `block of ${peer.node}`,
    })),
    ...more,
  };
}
