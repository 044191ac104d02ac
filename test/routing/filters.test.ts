import t from 'tap';
import type { DesiredBgp, DesiredPeer } from '../../src/calc/index.ts';
import { type BGPFilter, newResource } from '../../src/model/index.ts';
import { exportFilter, importFilter } from '../../src/routing/filters.ts';
import { addressIn, originations, peerConfigs } from '../../src/routing/peering.ts';
import { pool } from '../calc/pool.ts';

const TIMERS = { holdTime: 90, connectRetryTime: 30, restartTime: 120 };

function bgp(peers: readonly DesiredPeer[], filters: readonly BGPFilter[] = []): DesiredBgp {
  return {
    asn: 64512,
    routerId: '172.16.0.1',
    listenPort: 179,
    listenAddresses: ['0.0.0.0', '::'],
    peers,
    announce: [{ cidr: '10.1.0.0/26', why: 'own block' }],
    filters: new Map(filters.map((filter) => [filter.metadata.name, filter])),
    problems: [],
    priorities: { 4: 1024, 6: 1024 },
    communities: [],
  };
}

const peer: DesiredPeer = { address: '172.16.0.2', port: 179, asn: 64512, type: 'node-to-node mesh', name: 'b' };

t.test('what leaves is ours or inside a pool that is not hidden, disabled or not, and nothing else', async (t) => {
  const filter = exportFilter(peer, bgp([peer]), [
    pool('10.1.0.0/16'),
    pool('10.2.0.0/16', { disableBgpExport: true }),
    pool('10.3.0.0/16', { disabled: true }),
  ]);
  t.same(
    filter.rules.map(({ name, action }) => [name, action]),
    [
      ['pool 10.2.0.0/16 has disableBGPExport', 'reject'],
      ['own block or borrowed address', 'accept'],
      ['inside pool 10.1.0.0/16', 'accept'],
      ['inside pool 10.3.0.0/16', 'accept'],
    ],
  );
  t.equal(filter.default, 'reject');
});

t.test('everything is believed of a peer without filters', async (t) => {
  t.equal(importFilter(peer, bgp([peer])), undefined);
});

t.test('BGPFilters come first, in their order; those that do not exist are passed over', async (t) => {
  const filters = [
    newResource(
      'BGPFilter',
      { name: 'no-test' },
      {
        exportV4: [{ cidr: '10.1.9.0/24', matchOperator: 'In', prefixLength: { min: 26, max: 28 }, action: 'Reject' }],
        importV4: [
          {
            source: 'RemotePeers',
            action: 'Accept',
            operations: [{ addCommunity: { value: '64512:7' } }, { setPriority: { value: 512 } }],
          },
        ],
      },
    ),
  ];
  const filtered: DesiredPeer = {
    ...peer,
    spec: { peerIP: peer.address, asNumber: 64512, filters: ['missing', 'no-test'] },
  };
  const [rule] = exportFilter(filtered, bgp([filtered], filters), [pool('10.1.0.0/16')]).rules;
  t.match(rule, { match: { prefix: { cidr: '10.1.9.0/24', operator: 'in', min: 26, max: 28 } }, action: 'reject' });
  t.match(importFilter(filtered, bgp([filtered], filters)), {
    default: 'accept',
    rules: [
      { match: { source: 'bgp' }, action: 'accept', set: { addCommunities: ['64512:7'], localPref: 2147483647 - 512 } },
    ],
  });
});

t.test('a peer’s settings become the library’s', async (t) => {
  const special: DesiredPeer = {
    ...peer,
    asn: 65001,
    type: 'global',
    localAddress: '172.16.0.1',
    restartTime: 60,
    spec: { peerIP: peer.address, asNumber: 65001, nextHopMode: 'Self', ttlSecurity: 1, numAllowedLocalASNumbers: 2 },
  };
  const [config] = peerConfigs(bgp([special]), [], TIMERS);
  t.match(config, {
    remoteAs: 65001,
    localAddress: '172.16.0.1',
    nextHop: 'self',
    ttlSecurity: 1,
    allowLocalAs: 2,
    gracefulRestart: { time: 60 },
    holdTime: 90,
  });
});

t.test('keepOriginalNextHop is for external peers, ttlSecurity 0 for none, keepaliveTime is kept', async (t) => {
  const of = (more: DesiredPeer['spec'], asn = 64512, localAsn?: number) => {
    const one: DesiredPeer = { ...peer, asn, spec: more ?? {}, ...(localAsn !== undefined && { localAsn }) };
    return peerConfigs(bgp([one]), [], TIMERS)[0];
  };
  t.equal(of({ keepOriginalNextHop: true }, 65001).nextHop, 'keep');
  t.equal(of({ keepOriginalNextHop: true }).nextHop, 'auto');
  t.equal(of({ keepOriginalNextHop: true }, 65001, 65001).nextHop, 'auto');
  t.equal(of({ nextHopMode: 'Keep' }).nextHop, 'keep');
  t.notOk('ttlSecurity' in of({ ttlSecurity: 0 }));
  t.equal(of({ keepaliveTime: '1m10s' }).keepaliveTime, 70);
});

t.test('peers with the same rules have equal filters, so that they share one export', async (t) => {
  const other: DesiredPeer = { ...peer, address: '172.16.0.3', name: 'c' };
  const [a, b] = peerConfigs(bgp([peer, other]), [pool('10.1.0.0/16')], TIMERS);
  t.same(a.exportFilter, b.exportFilter);
});

t.test('announcements are originations with the mark of our own', async (t) => {
  const announce = [
    { cidr: '10.1.0.0/26', why: 'own block' },
    { cidr: 'fd00::7/128', why: 'borrowed', interfaceName: 'cali1' },
  ];
  t.same(originations({ announce, priorities: { 4: 1024, 6: 512 } }), [
    { prefix: '10.1.0.0/26', tag: 'own', localPref: 2147482623 },
    { prefix: 'fd00::7/128', tag: 'own', localPref: 2147483135, interface: 'cali1' },
  ]);
});

t.test('peers at one address are known by their ports too, and only they', async (t) => {
  const second: DesiredPeer = { ...peer, port: 1179, asn: 65002, name: 'second' };
  const six: DesiredPeer = { ...peer, address: 'fd00::2' };
  const names = (peers: readonly DesiredPeer[]) => peerConfigs(bgp(peers), [], TIMERS).map(({ name }) => name);
  t.same(names([peer, six]), [undefined, undefined]);
  t.same(names([peer, second, six, { ...six, port: 1179 }]), [
    '172.16.0.2:179',
    '172.16.0.2:1179',
    '[fd00::2]:179',
    '[fd00::2]:1179',
  ]);
  t.same(['172.16.0.2:179', '[fd00::2]:1179', 'fd00::2', '172.16.0.2'].map(addressIn), [
    '172.16.0.2',
    'fd00::2',
    'fd00::2',
    '172.16.0.2',
  ]);
});

t.test('prefixAdvertisements mark what is inside them, the narrowest and all around it, and only that', async (t) => {
  const told = {
    ...bgp([peer]),
    communities: [
      { cidr: '10.0.0.0/8', communities: ['64512:8'] },
      { cidr: '10.1.0.0/24', communities: ['64512:24', '64512:1:2', '64512:8'] },
      { cidr: '192.0.2.0/24', communities: ['64512:9'] },
    ],
  };
  const { rules, default: other } = exportFilter(peer, told, [pool('10.1.0.0/16')]);
  t.equal(other, 'reject');
  t.same(
    rules.map(({ name, match, set }) => [name?.split(' ')[0], match.tag, match.prefix?.cidr, set?.addCommunities]),
    [
      ['own', 'own', '10.1.0.0/24', ['64512:24', '64512:1:2', '64512:8']],
      ['own', 'own', '192.0.2.0/24', ['64512:9']],
      ['own', 'own', '10.0.0.0/8', ['64512:8']],
      ['own', 'own', undefined, undefined],
      ['inside', undefined, '10.1.0.0/24', ['64512:24', '64512:1:2', '64512:8']],
      ['inside', undefined, '10.1.0.0/16', ['64512:8']],
      ['inside', undefined, '10.1.0.0/16', undefined],
    ],
  );
});
