import type { DesiredVxlan } from '../../src/calc/index.ts';
import { byCidr, byNode } from '../calc/tunnels.ts';

/** A block of another node, which goes through VXLAN over IPv6, and the tunnel that takes it there. */
export const BLOCK = 'fd00::/122';
export const VTEP = 'fd00::2';
export const VXLAN6: DesiredVxlan = {
  family: 6,
  vni: 4096,
  port: 4789,
  underlay: 'fd01::1',
  address: 'fd00::41',
  mac: '66:00:00:00:00:01',
  peers: byNode([{ node: 'b', underlay: 'fd01::2', address: VTEP, mac: '66:00:00:00:00:02' }]),
  routes: byCidr([{ cidr: BLOCK, mode: 'tunnel', via: VTEP, why: 'block of b' }]),
};
