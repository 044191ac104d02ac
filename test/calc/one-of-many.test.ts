import t from 'tap';
import { Calculation, type SourceUpdate } from '../../src/calc/index.ts';
import { claimed, pool, put } from './resources.ts';

/*
 * The cost of a change follows the change, not the size of the cluster. Counted rather than timed: each node tells when
 * somebody reads its addresses.
 */

const NODES = 200;
const CHANGED = 'node-7';

/** What may be on in a cluster, each with what makes all nodes of interest. */
const CLUSTERS: Readonly<Record<string, readonly SourceUpdate[]>> = {
  'a mesh': [pool('all', '10.0.0.0/8')],
  'no mesh': [put('BGPConfiguration', 'default', { nodeToNodeMeshEnabled: false })],
  VXLAN: [pool('all', '10.0.0.0/8', { vxlanMode: 'Always' })],
  IPIP: [pool('all', '10.0.0.0/8', { ipipMode: 'CrossSubnet' })],
  WireGuard: [put('FelixConfiguration', 'default', { wireguardEnabled: true, wireguardEnabledV6: true })],
  'addresses on the nodes’ subnets': [
    pool('services', '172.16.1.0/24', { allowedUses: ['LoadBalancer'] }),
    put('FelixConfiguration', 'default', { localSubnetL2Reachability: 'PodsAndLoadBalancers' }),
  ],
  'automatic host endpoints in a policy': [
    put('GlobalNetworkPolicy', 'default.all', { selector: 'all()', ingress: [{ action: 'Deny' }] }),
  ],
};

/** A node of many that counts who looks at it. */
function counted(name: string, address: string, count: () => void, more: object = {}): SourceUpdate {
  const bgp = {
    get ipv4Address() {
      count();
      return address;
    },
    ...more,
  };
  return put('Node', name, { bgp }, { labels: { name } });
}

for (const [what, resources] of Object.entries(CLUSTERS)) {
  t.test(`${what}: a change of one node looks at no other node`, async (t) => {
    let looks = 0;
    const calculation = new Calculation({ nodename: 'node-0' });
    const node = (number: number, more?: object): SourceUpdate => {
      const name = `node-${number}`;
      return counted(name, `172.16.0.${number + 1}/16`, () => looks++, more);
    };
    const all = Array.from({ length: NODES }, (_, number) => node(number));
    calculation.apply([...resources, ...all, ...claimed(CHANGED, '10.0.7.0/26')]);
    calculation.desired();
    t.ok(looks >= NODES, 'they are looked at once');

    const changes: readonly SourceUpdate[] = [
      node(7, { ipv4VXLANTunnelAddr: '10.0.7.1' }),
      node(7, { ipv4VXLANTunnelAddr: '10.0.7.2', asNumber: 64_600 }),
      put('Node', CHANGED, { bgp: { ipv4Address: '172.16.0.8/16' } }, { labels: { rack: 'b' } }),
      { key: { kind: 'Node', name: CHANGED, namespace: undefined }, resource: undefined },
    ];
    for (const change of changes) {
      looks = 0;
      calculation.apply([change]);
      calculation.desired();
      // Of the two that are looked at each reader takes some looks: the node itself and our own.
      t.ok(looks < NODES / 2, `${looks} looks`);
    }
  });
}
