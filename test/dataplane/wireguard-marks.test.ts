import t from 'tap';
import { type DesiredEgress, type DesiredWireguard, NO_TUNNELS } from '../../src/calc/desired/index.ts';
import type { FilterInputs } from '../../src/dataplane/tables.ts';
import { byCidr, byNode, hostsOf } from '../calc/tunnels.ts';
import { filterTables, textOf } from './packet-filter.ts';

const WIREGUARD: DesiredWireguard = {
  family: 4,
  device: 'wireguard.cali',
  underlay: '172.16.0.1',
  address: '10.244.0.1',
  mtu: undefined,
  listenPort: 51820,
  mark: 0x100000,
  rulePriority: 99,
  tables: [{ min: 1, max: 250 }],
  hostEncryption: false,
  peers: byNode([{ node: 'b', publicKey: 'b', endpoint: '172.16.0.2:51820', keepalive: 0, allowedIps: [] }]),
  routes: byCidr<{ cidr: string; mode: 'tunnel'; why: string }>([]),
};
const POOLS = {
  4: { cidr: '10.99.0.0/24', address: '192.0.2.7', via: '172.16.0.2' },
  6: { cidr: 'fd99::/64', address: '2001:db8::7', via: 'fd00::2' },
} as const;

function egress(family: 4 | 6, kind: 'here' | 'subnet'): DesiredEgress {
  const { cidr, address, via } = POOLS[family];
  const way = kind === 'here' ? { kind } : { kind, via };
  return {
    pools: [{ pool: 'p', family, cidr, address, way, why: 'IPPool p: egressAddress' }],
    inside: { 4: ['10.0.0.0/8'], 6: ['fd00::/8'] },
    hosts: hostsOf('172.16.0.1', '172.16.0.2'),
    tables: [],
  };
}

/** What the table for marks is to be, of both families, with the node as a gateway or not. */
function marks(of: DesiredEgress, more: Partial<FilterInputs> = {}): Readonly<Record<4 | 6, string | undefined>> {
  const inputs: FilterInputs = {
    pools: [],
    nat: {
      hosts: undefined,
      address: undefined,
      ports: undefined,
      outInterface: undefined,
      floatingIps: [],
      egress: of,
    },
    services: { cidrs: [], loops: 'Drop' },
    spoofing: [],
    tunnels: { 4: [], 6: [] },
    wireguard: WIREGUARD,
    wireguard6: { ...WIREGUARD, family: 6, device: 'wg-v6.cali' },
    encapsulation: NO_TUNNELS,
    interfacePrefix: 'cali',
    ...more,
  };
  const textFor = (family: string): string | undefined =>
    textOf(filterTables(inputs).find(({ table }) => table.family === family && table.name === 'vrouter-wireguard'));
  return { 4: textFor('ip'), 6: textFor('ip6') };
}

t.test(
  'a gateway with WireGuard has what egress pods send, and what is answered to them, pass the tunnel by',
  async (t) => {
    const text = marks(egress(4, 'here'))[4];
    t.match(text, '{ type filter hook prerouting priority -150 ; }', 'once the connection is known');
    t.match(text, 'egress-pools { 10.99.0.0/24 }');
    t.match(
      text,
      'iifname != "wireguard.cali" iifname != "cali*" ip saddr @egress-pools ip daddr != @egress-inside ip daddr != @egress-hosts meta mark set meta mark or 0x100000 ',
    );
    t.match(
      text,
      'iifname != "cali*" ct direction reply ct status snat ct original ip saddr @egress-pools meta mark set meta mark or 0x100000 ',
    );
    t.match(
      text,
      'forward ip daddr @egress-pools meta mark set meta mark and 0xffefffff ',
      'until they have their way',
    );
    t.match(marks(egress(6, 'here'))[6], 'ct original ip6 saddr @egress-pools');
  },
);

t.test('where it is another node’s, or nothing is encrypted, there is nothing to mark', async (t) => {
  t.equal(marks(egress(4, 'subnet'))[4], undefined, 'another node is the gateway');
  t.equal(marks(egress(4, 'here'))[6], undefined, 'of a pool of the other family');
  t.equal(marks(egress(4, 'here'), { wireguard: undefined })[4], undefined);
  t.equal(marks(egress(4, 'here'), { wireguard: { ...WIREGUARD, peers: byNode<never>([]) } })[4], undefined);
});
