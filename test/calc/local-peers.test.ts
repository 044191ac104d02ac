import t from 'tap';
import { Calculation, type DesiredPeer, type SourceUpdate } from '../../src/calc/index.ts';
import { gone, node, pod, put } from './resources.ts';
import { listed } from './tunnels.ts';

const ADDRESSES = { localWorkloadPeeringIPV4: '169.254.0.179', localWorkloadPeeringIPV6: 'fd12:3456:789a::1' };
const config = put('BGPConfiguration', 'default', ADDRESSES);
const red = labelled(pod('a', 'red', '10.244.1.2'), 'red');
const blue = labelled(pod('a', 'blue', '10.244.1.3', { ipNetworks: ['10.244.1.3/32', 'fd00:1::3/128'] }), 'blue');
const away = labelled(pod('b', 'away', '10.244.2.2'), 'red');
const global = put('BGPPeer', 'red', { localWorkloadSelector: "color == 'red'", asNumber: 65401, filters: ['f'] });
const own = put('BGPPeer', 'blue', {
  nodeSelector: "rack == '1'",
  localWorkloadSelector: "color == 'blue'",
  asNumber: 65402,
  localASNumber: 65000,
});

function labelled(update: SourceUpdate, color: string): SourceUpdate {
  const resource = update.resource as unknown as { metadata: object };
  return {
    ...update,
    resource: { ...resource, metadata: { ...resource.metadata, labels: { color } } } as never,
  };
}

/** A calculation for node `a`, which has the label of the second BGPPeer. */
function world(...more: readonly SourceUpdate[]): Calculation {
  const calculation = new Calculation({ nodename: 'a' });
  calculation.apply([node('a', '10.0.0.1', { labels: { rack: '1' } }), config, red, blue, away, ...more]);
  return calculation;
}

function peersOf(calculation: Calculation): readonly DesiredPeer[] {
  return listed(calculation.desired().bgp?.peers).sort((a, b) => (a.address < b.address ? -1 : 1));
}

t.test('the node waits for the pods that a BGPPeer selects, at the peering address of each family', async (t) => {
  const common = { port: 179, type: 'local workload', nextHop: 'auto', passive: true } as const;
  const blues = { ...common, asn: 65402, name: 'blue', localAsn: 65000, filters: [] };
  t.same(peersOf(world(global, own)), [
    { ...common, address: '10.244.1.2', localAddress: '169.254.0.179', asn: 65401, name: 'red', filters: ['f'] },
    { ...blues, address: '10.244.1.3', localAddress: '169.254.0.179' },
    { ...blues, address: 'fd00:1::3', localAddress: 'fd12:3456:789a::1' },
  ]);
});

t.test('those pods have the address on their host end, and no others', async (t) => {
  const ends = (calculation: Calculation) =>
    calculation.desired().workloads.map(({ interfaceName, peeringAddresses }) => [interfaceName, peeringAddresses]);
  const both = ['169.254.0.179/32', 'fd12:3456:789a::1/128'];
  const calculation = world(global, own);
  t.same(ends(calculation), [
    ['caliblue', both],
    ['calired', ['169.254.0.179/32']],
  ]);
  calculation.apply([gone('BGPPeer', 'blue')]);
  t.same(ends(calculation), [
    ['caliblue', undefined],
    ['calired', ['169.254.0.179/32']],
  ]);
});

t.test('sessions come and go with pods, their labels, the BGPPeer and the addresses', async (t) => {
  const calculation = world(global);
  const addresses = () => peersOf(calculation).map(({ address }) => address);
  calculation.apply([labelled(pod('a', 'third', '10.244.1.4'), 'red')]);
  t.same(addresses(), ['10.244.1.2', '10.244.1.4']);
  calculation.apply([labelled(pod('a', 'red', '10.244.1.2'), 'green')]);
  t.same(addresses(), ['10.244.1.4']);
  calculation.apply([put('BGPConfiguration', 'default', { localWorkloadPeeringIPV6: 'fd12::1' })]);
  t.same(addresses(), [], 'none of a family without an address');
  calculation.apply([config]);
  t.same(addresses(), ['10.244.1.4']);
  calculation.apply([put('BGPPeer', 'red', { node: 'b', localWorkloadSelector: 'all()', asNumber: 65401 })]);
  t.same(addresses(), [], 'it is another node’s now');
  calculation.apply([gone('BGPPeer', 'red')]);
  t.same(addresses(), []);
});

t.test('a session whose password is not there does not run', async (t) => {
  const secret = { secretKeyRef: { name: 's', key: 'k' } };
  const calculation = world(
    put('BGPPeer', 'red', { localWorkloadSelector: "color == 'red'", asNumber: 65401, password: secret }),
  );
  t.same(peersOf(calculation), []);
  t.match(calculation.desired().bgp?.problems, [/^BGPPeer red: no session: its password is in Secret s/]);
  calculation.setSecret('s', { k: 'hush' });
  t.match(peersOf(calculation), [{ address: '10.244.1.2', password: 'hush' }]);
});
