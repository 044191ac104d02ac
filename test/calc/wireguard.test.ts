import t from 'tap';
import { Calculation, type DesiredWireguard, type SourceUpdate } from '../../src/calc/index.ts';
import { type Node, newResource } from '../../src/model/index.ts';
import { claimed, gone, put } from './resources.ts';
import { listed } from './tunnels.ts';

/** Public keys that are unlike each other. */
function key(letter: string): string {
  return `${letter.repeat(42)}A=`;
}

/** A node with its key. */
function keyed(name: string, ipv4Address: string, publicKey?: string, spec: Partial<Node['spec']> = {}): SourceUpdate {
  const resource = newResource('Node', { name }, { bgp: { ipv4Address }, ...spec });
  const status = publicKey === undefined ? {} : { status: { wireguardPublicKey: publicKey } };
  return { key: { kind: 'Node', name }, resource: { ...resource, ...status } as SourceUpdate['resource'] };
}

const ON = put('FelixConfiguration', 'default', { wireguardEnabled: true });
const NODES = [
  keyed('a', '172.16.0.1/24', key('a')),
  keyed('b', '172.16.0.2/24', key('b')),
  keyed('c', '172.16.0.3/24'),
];
const BLOCKS = [...claimed('a', '10.1.0.0/26'), ...claimed('b', '10.2.0.0/26'), ...claimed('c', '10.3.0.0/26')];

function wireguard(...updates: readonly SourceUpdate[]): DesiredWireguard | undefined {
  const calculation = new Calculation({ nodename: 'a' });
  calculation.apply([...NODES, ...BLOCKS, ON, ...updates]);
  return calculation.desired().tunnels.wireguard4;
}

function routes(desired: DesiredWireguard | undefined): string[] {
  return listed(desired?.routes).map(({ cidr, mode, why }) => `${mode} ${cidr}: ${why}`);
}

t.test('a node with a key is a peer; the others, and we, are reached by the ordinary routes', async (t) => {
  const desired = wireguard();
  t.match(desired, {
    device: 'wireguard.cali',
    underlay: '172.16.0.1',
    listenPort: 51820,
    mark: 0x100000,
    rulePriority: 99,
    tables: [{ min: 1, max: 250 }],
    mtu: undefined,
  });
  t.same(listed(desired?.peers), [
    { node: 'b', publicKey: key('b'), endpoint: '172.16.0.2:51820', keepalive: 0, allowedIps: ['10.2.0.0/26'] },
  ]);
  t.same(routes(desired), [
    'throw 10.1.0.0/26: block of a; our own',
    'tunnel 10.2.0.0/26: block of b',
    'throw 10.3.0.0/26: block of c; in clear: c has no WireGuard key',
  ]);
});

t.test('off, or for a node without an address, there is none', async (t) => {
  t.equal(wireguard(put('FelixConfiguration', 'default', {})), undefined);
  t.equal(wireguard(put('FelixConfiguration', 'node.a', { wireguardEnabled: false })), undefined);
  t.equal(wireguard(put('Node', 'a', {})), undefined);
  const calculation = new Calculation({ nodename: 'a' });
  calculation.apply([...NODES, put('FelixConfiguration', 'default', { wireguardEnabledV6: true })]);
  t.equal(calculation.desired().tunnels.wireguard6, undefined, 'IPv6 needs an IPv6 address');
});

t.test('a key that two nodes claim, or that is none, is nobody’s', async (t) => {
  const twice = wireguard(keyed('c', '172.16.0.3/24', key('b')));
  t.same(listed(twice?.peers), []);
  t.match(routes(twice)[1], /throw 10\.2\.0\.0\/26: .* b has the same WireGuard key as c/);
  for (const wrong of ['', 'x', `${'A'.repeat(43)}=`, `${'a'.repeat(43)}=`]) {
    t.same(listed(wireguard(keyed('b', '172.16.0.2/24', wrong))?.peers), [], wrong);
  }
  t.same(listed(wireguard(keyed('b', '172.16.0.2/24', key('a')))?.peers), [], 'nor is our own');
});

t.test('a node that goes, or changes its address or key, is another peer', async (t) => {
  t.same(listed(wireguard(gone('Node', 'b'))?.peers), []);
  t.match(routes(wireguard(gone('Node', 'b')))[1], /in clear: b is unknown/);
  t.match(listed(wireguard(keyed('b', '172.16.0.9/24', key('d')))?.peers), [
    { publicKey: key('d'), endpoint: '172.16.0.9:51820' },
  ]);
});

t.test('a borrowed address goes to who has it; a tunnel’s address to its node', async (t) => {
  const [, block] = claimed('b', '10.2.0.0/26');
  const spec = block.resource?.spec as { allocations: (number | null)[] };
  const allocations = spec.allocations.map((_, ordinal) => (ordinal === 5 ? 0 : ordinal === 6 ? 1 : null));
  const attributes = [{ secondary: { node: 'c' } }, { secondary: { node: 'a' } }];
  const lent = put('IPAMBlock', block.key.name, { ...spec, allocations, attributes } as never);
  const tunnel = keyed('b', '172.16.0.2/24', key('b'), {
    ipv4VXLANTunnelAddr: '10.2.0.1',
    wireguard: { interfaceIPv4Address: '10.9.0.1' },
  });
  const desired = wireguard(lent, tunnel);
  t.same(listed(desired?.peers)[0].allowedIps, ['10.2.0.0/26', '10.9.0.1/32']);
  t.match(routes(desired), [
    /throw 10\.1\.0\.0\/26/,
    /tunnel 10\.2\.0\.0\/26/,
    /throw 10\.2\.0\.5\/32: borrowed by c; in clear/,
    /throw 10\.2\.0\.6\/32: borrowed by a; our own/,
    /throw 10\.3\.0\.0\/26/,
    /tunnel 10\.9\.0\.1\/32: tunnel address of b/,
  ]);
});

t.test('with host encryption the nodes themselves are behind the tunnel, by their own addresses', async (t) => {
  const desired = wireguard(
    put('FelixConfiguration', 'default', { wireguardEnabled: true, wireguardHostEncryptionEnabled: true }),
  );
  t.match(desired, { hostEncryption: true, address: '172.16.0.1' });
  t.same(listed(desired?.peers)[0].allowedIps, ['10.2.0.0/26', '172.16.0.2/32']);
  t.match(routes(desired).slice(3), [
    /tunnel 172\.16\.0\.2\/32: b itself/,
    /throw 172\.16\.0\.3\/32: c itself; in clear/,
  ]);
});

t.test('the settings of FelixConfiguration', async (t) => {
  const desired = wireguard(
    put('FelixConfiguration', 'default', {
      wireguardEnabled: true,
      wireguardInterfaceName: 'wg.k8s',
      wireguardListeningPort: 4500,
      wireguardMTU: 1380,
      wireguardRoutingRulePriority: 200,
      wireguardKeepAlive: '25s',
      nftablesMarkMask: 0xff000000,
      routeTableRanges: [{ min: 100, max: 110 }],
    }),
    keyed('a', '172.16.0.1/24', key('a'), { wireguard: { interfaceIPv4Address: '10.1.0.7' } }),
  );
  t.match(desired, {
    device: 'wg.k8s',
    listenPort: 4500,
    mtu: 1380,
    rulePriority: 200,
    mark: 0x10000000,
    tables: [{ min: 100, max: 110 }],
    address: '10.1.0.7',
  });
  t.match(listed(desired?.peers), [{ endpoint: '172.16.0.2:4500', keepalive: 25 }]);
});
