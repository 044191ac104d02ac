import type { PeerConfig } from 'bgp-speaker-ts';
import t from 'tap';
import { Entries, EntriesWriter, same } from '../../src/base/index.ts';
import { desiredFilter } from '../../src/calc/bgp-filters.ts';
import type { DesiredBgp, DesiredPeer, DesiredPool } from '../../src/calc/index.ts';
import { newResource } from '../../src/model/index.ts';
import { exportFilter, importFilter, poolRules } from '../../src/routing/filters.ts';
import { originations } from '../../src/routing/originating.ts';
import { addressIn } from '../../src/routing/peering.ts';
import { Peers } from '../../src/routing/peers.ts';
import { pool } from '../calc/pool.ts';
import { byCidr } from '../calc/tunnels.ts';

const TIMERS = { holdTime: 90, connectRetryTime: 30, restartTime: 120 };

const NONE: DesiredBgp['filters'] = new Map();

/** What the speaker is told of these peers. */
function told(
  peers: readonly DesiredPeer[],
  pools: readonly DesiredPool[] = [],
  filters = NONE,
): readonly PeerConfig[] {
  const entries = Entries.of(peers.map((one) => [`${one.address} ${one.port}`, one]));
  return new Peers(TIMERS).take({ peers: entries, filters, communities: [] }, pools).changed;
}

const peer: DesiredPeer = {
  address: '172.16.0.2',
  port: 179,
  asn: 64512,
  type: 'node-to-node mesh',
  name: 'b',
  filters: [],
  nextHop: 'auto',
};

t.test('what leaves is ours or inside a pool that is not hidden, disabled or not, and nothing else', async (t) => {
  const ofPools = poolRules([
    pool('10.1.0.0/16'),
    pool('10.2.0.0/16', { disableBgpExport: true }),
    pool('10.3.0.0/16', { disabled: true }),
  ]);
  const filter = exportFilter(peer, NONE, ofPools);
  t.same(
    filter.rules.map(({ name, action }) => [name, action]),
    [
      ['pool 10.2.0.0/16 has disableBGPExport', 'reject'],
      ['own block, borrowed address or service', 'accept'],
      ['inside pool 10.1.0.0/16', 'accept'],
      ['inside pool 10.3.0.0/16', 'accept'],
    ],
  );
  t.equal(filter.default, 'reject');
});

t.test('a route reflector passes on what others tell of services, before what pools say', async (t) => {
  const { rules } = exportFilter(peer, NONE, poolRules([pool('10.1.0.0/16')], [], ['203.0.113.0/24']));
  t.match(rules[1], { match: { prefix: { cidr: '203.0.113.0/24', operator: 'in' } }, action: 'accept' });
  t.equal(rules.length, 3);
});

t.test('everything is believed of a peer without filters', async (t) => {
  t.equal(importFilter(peer, NONE), undefined);
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
  const known = new Map(filters.map((filter) => [filter.metadata.name, desiredFilter(filter)]));
  const filtered: DesiredPeer = { ...peer, filters: ['missing', 'no-test'] };
  const [rule] = exportFilter(filtered, known, poolRules([pool('10.1.0.0/16')])).rules;
  t.match(rule, { match: { prefix: { cidr: '10.1.9.0/24', operator: 'in', min: 26, max: 28 } }, action: 'reject' });
  t.match(importFilter(filtered, known), {
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
    nextHop: 'self',
    ttlSecurity: 1,
    allowLocalAs: 2,
    keepaliveTime: 70,
  };
  const [config] = told([special]);
  t.match(config, {
    remoteAs: 65001,
    localAddress: '172.16.0.1',
    nextHop: 'self',
    ttlSecurity: 1,
    allowLocalAs: 2,
    keepaliveTime: 70,
    gracefulRestart: { time: 60 },
    holdTime: 90,
  });
});

t.test('peers with the same rules have equal filters, so that they share one export', async (t) => {
  const other: DesiredPeer = { ...peer, address: '172.16.0.3', name: 'c' };
  const [a, b] = told([peer, other], [pool('10.1.0.0/16')]);
  t.equal(a.exportFilter, b.exportFilter);
});

t.test('announcements are originations with the mark of our own', async (t) => {
  const announce = [
    { cidr: '10.1.0.0/26', why: 'own block' },
    { cidr: 'fd00::7/128', why: 'borrowed', interfaceName: 'cali1' },
  ];
  t.same(originations({ announce: byCidr(announce), localPrefs: { 4: 2147482623, 6: 2147483135 } }), [
    { prefix: '10.1.0.0/26', tag: 'own', localPref: 2147482623 },
    { prefix: 'fd00::7/128', tag: 'own', localPref: 2147483135, interface: 'cali1' },
  ]);
});

t.test('peers at one address are known by their ports too, and only they', async (t) => {
  const second: DesiredPeer = { ...peer, port: 1179, asn: 65002, name: 'second' };
  const six: DesiredPeer = { ...peer, address: 'fd00::2' };
  const names = (peers: readonly DesiredPeer[]) => told(peers).map(({ name }) => name);
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

t.test(
  'the speaker is told of the peers that have changed, and of all when filters or pools say something else',
  async (t) => {
    const writer = new EntriesWriter<DesiredPeer>(same);
    const peers = new Peers(TIMERS);
    const put = (one: DesiredPeer): void => void writer.set(`${one.address} ${one.port}`, one);
    const take = (pools: readonly DesiredPool[] = [], filters = NONE) => {
      const { changed, gone } = peers.take({ peers: writer.commit(), filters, communities: [] }, pools);
      return { changed: changed.map(({ name, address }) => name ?? address), gone };
    };
    for (let number = 2; number < 5; number++) put({ ...peer, address: `172.16.0.${number}` });
    t.same(take(), { changed: ['172.16.0.2', '172.16.0.3', '172.16.0.4'], gone: [] });
    t.same(take(), { changed: [], gone: [] });
    put({ ...peer, address: '172.16.0.3', asn: 65001 });
    writer.set('172.16.0.2 179', undefined);
    t.same(take(), { changed: ['172.16.0.3'], gone: ['172.16.0.2'] });
    put({ ...peer, address: '172.16.0.4', port: 1179 });
    t.same(take(), { changed: ['172.16.0.4:1179', '172.16.0.4:179'], gone: ['172.16.0.4'] });
    writer.set('172.16.0.4 179', undefined);
    t.same(take(), { changed: ['172.16.0.4'], gone: ['172.16.0.4:179', '172.16.0.4:1179'] });
    t.same(take([pool('10.1.0.0/16')]).changed.length, 2);
    t.same(take([pool('10.1.0.0/16', { natOutgoing: true })]).changed, [], 'what no filter asks of a pool');
    t.same(take([pool('10.1.0.0/16', { disableBgpExport: true })]).changed.length, 2);
  },
);

t.test('prefixAdvertisements mark what is inside them, the narrowest and all around it, and only that', async (t) => {
  const communities = [
    { cidr: '10.0.0.0/8', communities: ['64512:8'] },
    { cidr: '10.1.0.0/24', communities: ['64512:24', '64512:1:2', '64512:8'] },
    { cidr: '192.0.2.0/24', communities: ['64512:9'] },
  ];
  const { rules, default: other } = exportFilter(peer, NONE, poolRules([pool('10.1.0.0/16')], communities));
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
