import t from 'tap';
import { parsePrefix, silentLog, VirtualClock } from '../../src/base/index.ts';
import type { DesiredWorkload } from '../../src/calc/index.ts';
import { byReason, oneOutage, outage } from '../../src/daemon/one-outage.ts';
import { SessionHistory } from '../../src/daemon/session-history.ts';
import {
  ipvsBeside,
  narrowMtu,
  poolless,
  sliceless,
  withoutEndpoint,
  withoutInterface,
} from '../../src/daemon/silent-states.ts';
import type { KindStatus } from '../../src/datastore/index.ts';
import { addressAmongPods, addressNowhere } from '../../src/keeping/address-nowhere.ts';
import { Namesake } from '../../src/keeping/namesake.ts';
import { newResource } from '../../src/model/index.ts';

const POD = { key: 'web/a', interfaceName: 'cali1', addresses: ['10.244.0.3/32'] } as unknown as DesiredWorkload;
const BLOCK = parsePrefix('10.244.0.0/26');
const POOL = { cidr: '10.244.0.0/16' } as Parameters<typeof poolless>[0]['pools'][number];

t.test('pods whose pool is gone are named; pods of other IPAM are not our business', async (t) => {
  t.same(poolless({ workloads: [POD], pools: [POOL] }, [BLOCK]), []);
  t.match(poolless({ workloads: [POD], pools: [] }, [BLOCK]), [/no IP pool .*web\/a \(10\.244\.0\.3\/32\)\. Make/]);
  t.same(poolless({ workloads: [POD], pools: [] }, []), []);
  t.same(poolless({ workloads: [], pools: [] }, [BLOCK]), []);
});

t.test('a cluster that is too old for EndpointSlices is told of, since no Service has endpoints there', async (t) => {
  const kind = (name: string, state: object) => ({ kind: name, status: 'in-sync', ...state }) as unknown as KindStatus;
  t.match(sliceless([kind('Node', { age: 1 }), kind('KubernetesEndpointSlice', { age: undefined })]), [
    /no EndpointSlices .*Services.*1\.21/,
  ]);
  t.same(sliceless([kind('KubernetesEndpointSlice', { age: 1 })]), []);
  t.same(sliceless([kind('KubernetesEndpointSlice', { age: undefined, status: 'wait' })]), []);
  t.same(sliceless([kind('KubernetesClusterNetworkPolicy', { age: undefined })]), [], 'most clusters do without');
});

t.test('interfaces without pods and pods without interfaces are named, with what to do', async (t) => {
  t.same([...withoutInterface([]), ...withoutEndpoint([])], []);
  t.match(withoutInterface([POD]), [/missing: cali1 of web\/a\..*make the pods anew/]);
  t.match(withoutEndpoint(['cali2']), [/cali2\..*ip link delete cali2/]);
});

t.test('Services that every node has for itself are named, where one node should answer for each', async (t) => {
  const answered = (of: 'pod' | 'service') =>
    ({ refresh: 120, addresses: new Map([['192.0.2.9', { address: '192.0.2.9', of, why: '' }]]) }) as never;
  const ipvs = [{ name: 'eth0' }, { name: 'kube-ipvs0' }];
  t.match(ipvsBeside(answered('service'), ipvs), [
    /Services: kube-proxy is in IPVS mode.*192\.0\.2\.9 on kube-ipvs0.*mode to nftables/,
  ]);
  t.same(ipvsBeside(answered('service'), [{ name: 'eth0' }]), []);
  t.same(ipvsBeside(answered('pod'), ipvs), []);
  t.same(ipvsBeside(undefined, ipvs), []);
});

t.test('an MTU that leaves no room is a problem, with the link that sets it', async (t) => {
  t.same(narrowMtu(1450, new Set([4, 6]), 'eth0'), []);
  t.same(narrowMtu(1200, new Set([4]), 'eth0'), []);
  t.match(narrowMtu(576, new Set([4]), 'eth0'), [/MTU of 576.*eth0.*mtuIfacePattern/]);
  t.match(narrowMtu(1279, new Set([4, 6]), 'eth0'), [/IPv6 works from 1280/]);
});

t.test('an address that no interface has is a problem, with those that there are', async (t) => {
  const held = [
    { dev: 'lo', address: '127.0.0.1/8' },
    { dev: 'eth0', address: '10.0.0.2/24' },
  ];
  t.same(addressNowhere(['10.0.0.2'], held), []);
  t.match(addressNowhere(['10.0.0.1', '10.0.0.2'], held), [
    /10\.0\.0\.1 is on none .*it has eth0 10\.0\.0\.2\/24.*Set IP/,
  ]);
});

t.test('an address of the loopback is a problem, though an interface has it', (t) => {
  const held = [{ dev: 'lo', address: '127.0.0.1/8' }];
  t.match(addressNowhere(['127.0.0.1'], held), [/127\.0\.0\.1 is the loopback's: other hosts don't reach it\. Set IP/]);
  t.match(addressNowhere(['::1'], held), [/::1 is the loopback's/]);
  t.end();
});

t.test('a link that is called as pods’ are, and has the node’s address, is a problem', (t) => {
  const held = [
    { dev: 'eth0', address: '10.0.0.2/24' },
    { dev: 'eth1', address: '10.1.0.2/24' },
  ];
  t.same(addressAmongPods(['10.0.0.2'], held, 'cali'), []);
  t.match(addressAmongPods(['10.0.0.2'], held, 'eth'), [
    /^eth0, which has the node's address 10\.0\.0\.2\/24, .*INTERFACEPREFIX$/,
  ]);
  t.end();
});

function kind(name: string, failure?: string): KindStatus {
  const status = failure === undefined ? 'in-sync' : 'wait';
  return { kind: name as KindStatus['kind'], status, objects: 1, invalid: new Map(), age: 4000, failure };
}

t.test('one outage is one sentence, however many meet it', async (t) => {
  const reason = "the datastore can't be reached: refused";
  t.equal(outage([kind('Node'), kind('IPPool')]), undefined);
  const away = outage(['Node', 'IPPool', 'BGPPeer'].map((name) => kind(name, reason)));
  t.match(away, /^the datastore does not answer, last heard of 4 s ago: .*refused\. What is known is kept/);
  t.same(oneOutage(away, [`tunnel address (ipip): ${reason}`, 'another', 'another']), [away, 'another']);
  t.same(oneOutage(undefined, ['another']), ['another']);
});

t.test('what is refused for one reason is one problem', async (t) => {
  const refusals = Array.from({ length: 7 }, (_, index) => ({ what: `route ${index}`, reason: 'no' }));
  t.same(byReason([...refusals, { what: 'x', reason: 'other' }]), [
    'route 0, route 1, route 2, route 3, route 4 and 2 more: no',
    'x: other',
  ]);
});

t.test('a second machine with this node’s name is noticed, a change by hand is not taken for one', async (t) => {
  const clock = new VirtualClock();
  const namesake = new Namesake({ nodename: 'n1', clock, log: silentLog });
  const says = (ipv4Address: string): void => {
    const resource = newResource('Node', { name: 'n1' }, { bgp: { ipv4Address } });
    namesake.apply([{ key: { kind: 'Node', name: 'n1' }, resource }]);
  };
  const own = newResource('Node', { name: 'n1' }, { bgp: { ipv4Address: '10.0.0.1/24' } });
  says('10.0.0.9/24');
  namesake.wrote(own);
  says('10.0.0.1/24');
  says('10.0.0.2/24');
  t.same(namesake.problems(), []);
  says('10.0.0.1/24');
  says('10.0.0.2/24');
  t.match(namesake.problems(), [/10\.0\.0\.2\/24, runs with this node's name 'n1': .*NODENAME/]);
  clock.advance(3 * 60_000);
  t.same(namesake.problems(), []);
});

t.test('the last error of a session stays known when it is back', async (t) => {
  const errors = new SessionHistory();
  const state = (from: 'Established' | 'OpenSent', to: 'Idle' | 'Established', reason: string) =>
    ({ kind: 'state', peer: 'p', from, to, reason }) as const;
  t.equal(errors.of('p'), undefined);
  errors.heard({ kind: 'notification', peer: 'p', direction: 'received', code: 6, subcode: 2, text: 'Cease' }, 1000);
  errors.heard(state('Established', 'Idle', 'closed'), 1000);
  errors.heard(state('OpenSent', 'Established', ''), 2000);
  t.same(errors.of('p'), { reason: 'Cease (received)', at: 1000 });
  errors.heard(state('Established', 'Idle', 'hold timer expired'), 3000);
  t.same(errors.of('p'), { reason: 'hold timer expired', at: 3000 });
  t.same(errors.changesOf('p'), [
    { at: 1000, isUp: false, reason: 'Cease (received)' },
    { at: 2000, isUp: true, reason: '' },
    { at: 3000, isUp: false, reason: 'hold timer expired' },
  ]);
});

t.test('what is remembered of sessions is bounded: the latest of each peer, of the peers heard of last', (t) => {
  const history = new SessionHistory();
  const lost = (peer: string) => ({ kind: 'state', peer, from: 'Established', to: 'Idle', reason: 'closed' }) as const;
  for (let at = 0; at < 100; at++) history.heard(lost('busy'), at);
  t.same(
    history.changesOf('busy').map(({ at }) => at),
    Array.from({ length: 32 }, (_, n) => n + 68),
  );
  for (let n = 0; n < 5000; n++) history.heard(lost(`peer ${n}`), 1000);
  t.same([history.changesOf('busy'), history.of('busy')], [[], undefined]);
  t.equal(history.changesOf('peer 0').length, 1);
  t.end();
});
