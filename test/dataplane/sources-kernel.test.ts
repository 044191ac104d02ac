import t from 'tap';
import type { Desired } from '../../src/calc/index.ts';
import { needsRoot } from '../fakes/namespaces.ts';
import { wanted } from './host.ts';
import { FAMILIES, POD, PodNetwork } from './pod-network.ts';

t.setTimeout(3_600_000);

const { outside: OUTSIDE, node: NODE, pod: OWN } = FAMILIES[4];
const ALLOWED = '192.0.2.9';
const FOREIGN = '198.51.100.9';

/** The pod may send from these networks besides its own addresses. */
function desired(...prefixes: readonly string[]): Desired {
  const { interfaceName, key } = POD;
  const why = `allowedSourcePrefixes of endpoint ${key}`;
  return {
    ...wanted([]),
    workloads: [{ ...POD, sourcePrefixes: prefixes }],
    spoofing: prefixes.length === 0 ? [] : [{ interfaceName, prefixes, why }],
  };
}

/** From which of its addresses the pod can send to the host outside. */
function heard(network: PodNetwork): readonly string[] {
  network.run('outside', 'nft', 'add table ip vrt; add set ip vrt seen { type ipv4_addr ; flags dynamic ; }');
  network.run('outside', 'nft', 'add chain ip vrt in { type filter hook prerouting priority -300 ; }');
  network.run('outside', 'nft', 'add rule ip vrt in icmp type echo-request update @seen { ip saddr }');
  for (const source of [OWN, ALLOWED, FOREIGN]) network.ping('pod', OUTSIDE, '-I', source);
  const listing = network.run('outside', 'nft', 'list', 'set', 'ip', 'vrt', 'seen');
  network.run('outside', 'nft', 'delete', 'table', 'ip', 'vrt');
  return [...listing.matchAll(/\d+\.\d+\.\d+\.\d+/g)].map(([address]) => address).sort();
}

t.test('a pod sends from its own addresses, and from networks that it is allowed', needsRoot, async (t) => {
  const network = await PodNetwork.create(t);
  for (const address of [ALLOWED, FOREIGN]) network.ip('pod', `addr add ${address}/32 dev lo`);
  await network.dataplane.start(desired());
  await network.dataplane.resync();
  t.same(heard(network), [OWN]);
  await network.apply(desired('192.0.2.0/24', '2001:db8:9::/48'), 'vrouter-sources', true);
  t.same(network.dataplane.nat.failures(), []);
  t.same(heard(network), [OWN, ALLOWED], 'but from no others');
  const during = network.kept();
  await network.dataplane.resync();
  t.equal(network.kept(), during, 'looking again changes nothing');
  await network.apply(desired(), 'vrouter-sources', false);
  t.same(heard(network), [OWN]);
});

t.test('the host speaks to its pods from deviceRouteSourceAddress', needsRoot, async (t) => {
  const network = await PodNetwork.create(t);
  network.ip('node', 'addr add 172.31.9.77/24 dev eth0');
  network.ip('node', 'addr add fd00:9::77/64 dev eth0 nodad');
  const routes = (): string => network.kept().split('table ')[0];
  const plain = desired();
  await network.dataplane.start({
    ...plain,
    host: { ...plain.host, routeSource: { 4: '172.31.9.77', 6: 'fd00:9::77' } },
  });
  await network.dataplane.resync();
  t.match(routes(), `${OWN} dev caliweb scope link src 172.31.9.77`);
  t.match(routes(), `${FAMILIES[6].pod} dev caliweb src fd00:9::77`);
  await network.apply({ ...plain, host: { ...plain.host, routeSource: { 4: NODE } } }, `src ${NODE}`, true);
  t.match(routes(), `${OWN} dev caliweb scope link src ${NODE}`);
  t.notMatch(routes(), 'fd00:9::77');
  network.dataplane.apply({ ...plain, host: { ...plain.host, routeSource: { 4: '192.0.2.99' } } });
  await network.dataplane.routes.flush();
  t.match(network.dataplane.routes.failures(), [{ prefix: `${OWN}/32`, reason: 'Invalid prefsrc address' }]);
});
