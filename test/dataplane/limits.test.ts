import t from 'tap';
import { silentLog, VirtualClock } from '../../src/base/index.ts';
import type { DesiredQos } from '../../src/calc/index.ts';
import { FilterReconciler } from '../../src/dataplane/filter/index.ts';
import { limitTables } from '../../src/dataplane/qos/limits.ts';
import { type Nft, NftError, Transaction } from '../../src/nftables/index.ts';
import { FakeNft } from '../fakes/fake-nft.ts';
import { host, MBIT, pods, qos } from './limited.ts';
import { changesTo } from './packet-filter.ts';

t.test('the tables of packet rates and connections', async (t) => {
  const { workloads } = pods({
    web: qos({ packetRate: 100, packetBurst: 5, maxConnections: 20 }, { packetRate: 7, packetBurst: 9 }),
    other: undefined,
  });
  const [rates, connections] = limitTables(workloads).map((table) =>
    changesTo(table, undefined)
      .text.replaceAll(/ [0-9a-f]{8}"/g, ' …"')
      .split('\n'),
  );
  t.same(
    rates.filter((line) => !line.startsWith('flush')),
    [
      'add table inet vrouter-packet-rates',
      'delete table inet vrouter-packet-rates',
      'add table inet vrouter-packet-rates',
      'add map inet vrouter-packet-rates egress-limits { type ifname : verdict ; }',
      'add map inet vrouter-packet-rates ingress-limits { type ifname : verdict ; }',
      'add chain inet vrouter-packet-rates egress-caliweb',
      'add rule inet vrouter-packet-rates egress-caliweb limit rate over 7/second burst 9 packets counter drop comment "egressPacketRate …"',
      'add chain inet vrouter-packet-rates ingress-caliweb',
      'add rule inet vrouter-packet-rates ingress-caliweb limit rate over 100/second burst 5 packets counter drop comment "ingressPacketRate …"',
      'add element inet vrouter-packet-rates egress-limits { "caliweb" : jump egress-caliweb }',
      'add element inet vrouter-packet-rates ingress-limits { "caliweb" : jump ingress-caliweb }',
      'add chain inet vrouter-packet-rates forward { type filter hook forward priority -1 ; }',
      'add rule inet vrouter-packet-rates forward iifname vmap @egress-limits comment "from pods …"',
      'add rule inet vrouter-packet-rates forward oifname vmap @ingress-limits comment "to pods …"',
      'add chain inet vrouter-packet-rates input { type filter hook input priority -1 ; }',
      'add rule inet vrouter-packet-rates input iifname vmap @egress-limits comment "from pods …"',
      '',
    ],
  );
  const rule = 'ct count over 20 counter reject with tcp reset';
  t.ok(
    connections.includes(`add rule inet vrouter-connections ingress-caliweb ${rule} comment "ingressMaxConnections …"`),
  );
  const way = 'meta l4proto tcp ct state new oifname vmap @ingress-limits';
  t.ok(connections.includes(`add rule inet vrouter-connections forward ${way} comment "to pods …"`));
});

t.test('a device that can not be is in no table', async (t) => {
  const { workloads } = pods({ web: qos({ packetRate: 1 }) });
  const odd = workloads.map((workload) => ({ ...workload, interfaceName: 'x"; drop' }));
  for (const table of limitTables(odd)) t.same(table.limits, []);
});

t.test('one pod’s limit changes in one transaction that leaves the others’ alone', async (t) => {
  const nft = new FakeNft();
  const change = async (limits: Readonly<Record<string, DesiredQos | undefined>>): Promise<string> => {
    const [, connections] = limitTables(pods(limits).workloads);
    const changes = changesTo(connections, await nft.list(connections.table));
    await nft.run(changes);
    return changes.text.replaceAll(/ comment ".*?"/g, '').replaceAll(' inet vrouter-connections', '');
  };
  await change({ web: qos({ maxConnections: 3 }), other: qos({}, { maxConnections: 4 }) });
  t.equal(await change({ web: qos({ maxConnections: 3 }), other: qos({}, { maxConnections: 4 }) }), '');
  t.equal(
    await change({ web: qos({ maxConnections: 3 }), other: qos({}, { maxConnections: 5 }) }),
    [
      'add chain egress-caliother',
      'flush chain egress-caliother',
      'add rule egress-caliother ct count over 5 counter reject with tcp reset',
      '',
    ].join('\n'),
  );
  t.equal(
    await change({ web: qos({ maxConnections: 3 }), other: undefined }),
    [
      'delete element egress-limits { "caliother" : jump egress-caliother }',
      'flush chain egress-caliother',
      'delete chain egress-caliother',
      '',
    ].join('\n'),
  );
  t.equal(await change({ web: undefined }), 'add table\ndelete table\n');
  t.equal(await change({ web: undefined }), '');
});

t.test('tables that nft refuses are told, by themselves, and tried again', async (t) => {
  const node = await host('web');
  await node.dataplane.start(pods({ web: undefined }));
  await node.settle();
  node.nft.unsupported = /limit rate/;
  node.dataplane.apply(pods({ web: qos({ packetRate: 5, maxConnections: 5 }) }));
  await node.settle();
  t.match(node.dataplane.qos.failures(), [
    { what: 'packet rates', reason: /^this kernel has no nft_limit; load the module with: modprobe nft_limit/ },
  ]);
  t.same(
    node.dataplane.qos.entries().map(({ present }) => present),
    [false, true],
  );
  node.nft.unsupported = undefined;
  await node.settle(2000);
  t.same(node.dataplane.qos.failures(), []);
  t.ok(node.dataplane.qos.entries().every(({ present }) => present));
});

t.test('a host without nft lacks nothing while no pod is limited', async (t) => {
  const missing: Nft = {
    isOwn: () => true,
    close: () => {},
    list: async () => Promise.reject(NftError.missing(new Error('ENOENT'))),
    run: async () => Promise.reject(NftError.missing(new Error('ENOENT'))),
  };
  const filter = new FilterReconciler({ nft: missing, clock: new VirtualClock(), log: silentLog });
  const limits = filter.room();
  await limits.want(limitTables([]));
  t.same(limits.failures(), []);
  await limits.want(limitTables(pods({ web: qos({ packetRate: 5 }) }).workloads));
  t.match(limits.failures(), [{ what: 'packet rates', reason: /the program 'nft' is not installed/ }]);
  filter.stop();
});

t.test('what is changed by hand in a table is repaired', async (t) => {
  const node = await host('web');
  const table = { family: 'inet', name: 'vrouter-packet-rates' } as const;
  await node.dataplane.start(pods({ web: qos({ packetRate: 5 }) }));
  await node.settle();
  for (const [what, words] of Object.entries({
    'a rule': (start: Transaction) => start.flushChain('ingress-caliweb'),
    'the way to it': (start: Transaction) => start.flushChain('forward'),
    'an entry of the map': (start: Transaction) =>
      start.deleteEntries({ name: 'ingress-limits', type: 'ifname', value: 'verdict' }, [
        { key: 'caliweb', value: 'jump ingress-caliweb' },
      ]),
    'the table': (start: Transaction) => start.removeTable(),
  })) {
    await node.nft.run(words(new Transaction(table)));
    await node.dataplane.resync();
    const [rates] = limitTables(pods({ web: qos({ packetRate: 5 }) }).workloads);
    t.ok(changesTo(rates, await node.nft.list(table)).isEmpty, what);
  }
});

t.test('limits that were given wrongly are told with the pod’s name', async (t) => {
  const node = await host('web');
  const problem = 'annotation qos.projectcalico.org/ingressBandwidth: left out';
  await node.dataplane.start(pods({ web: qos({}, {}, [problem]) }));
  t.same(node.dataplane.qos.failures(), [{ what: 'limits of default/web', reason: problem }]);
});

t.test('each limit is explained', async (t) => {
  const node = await host('web');
  await node.dataplane.start(pods({ web: qos({ ...MBIT, packetRate: 5 }, { maxConnections: 2 }) }));
  await node.settle();
  t.same(node.dataplane.qos.entries(), [
    {
      text: 'default/web ingress rate 1Mbit burst 10000b limit 13125b',
      present: true,
      why: 'ingressBandwidth',
    },
    {
      text: 'default/web ingress limit rate over 5/second burst 5 packets counter drop',
      present: true,
      why: 'ingressPacketRate',
    },
    {
      text: 'default/web egress ct count over 2 counter reject with tcp reset',
      present: true,
      why: 'egressMaxConnections',
    },
  ]);
});
