import t from 'tap';
import type { Desired } from '../../src/calc/index.ts';
import { needsRoot } from '../fakes/namespaces.ts';
import { wanted } from './host.ts';
import { FAMILIES, POD, PodNetwork } from './pod-network.ts';

t.setTimeout(3_600_000);

const COUNTERS = /counter packets \d+ bytes \d+/g;
const OWN = { 4: FAMILIES[4].pod, 6: FAMILIES[6].pod } as const;
/** What the pod may send from when these are its prefixes, and what not. */
const PREFIXES = ['192.0.2.0/24', '2001:db8:9::/48'];
const ALLOWED = { 4: '192.0.2.9', 6: '2001:db8:9::9' } as const;
const FOREIGN = { 4: '198.51.100.9', 6: '2001:db8:8::9' } as const;

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
function heard(network: PodNetwork, family: 4 | 6): readonly string[] {
  const [word, echo] = family === 4 ? ['ip', 'icmp'] : ['ip6', 'icmpv6'];
  const set = `set ${word} vrt seen { type ipv${family}_addr ; flags dynamic ; }`;
  network.run('outside', 'nft', `add table ${word} vrt; add ${set}`);
  network.run('outside', 'nft', `add chain ${word} vrt in { type filter hook prerouting priority -300 ; }`);
  network.run('outside', 'nft', `add rule ${word} vrt in ${echo} type echo-request update @seen { ${word} saddr }`);
  for (const source of [OWN, ALLOWED, FOREIGN]) {
    network.ping('pod', FAMILIES[family].outside, '-I', source[family]);
  }
  const [listed] = JSON.parse(network.run('outside', 'nft', '-j', 'list', 'set', word, 'vrt', 'seen')).nftables.slice(
    1,
  );
  network.run('outside', 'nft', 'delete', 'table', word, 'vrt');
  return [...(listed.set.elem ?? [])].sort();
}

for (const family of [4, 6] as const) {
  t.test(
    `IPv${family}: a pod sends from its own addresses, and from networks that it is allowed`,
    needsRoot,
    async (t) => {
      const network = await PodNetwork.create(t);
      const [own, allowed] = [OWN[family], ALLOWED[family]];
      for (const address of [allowed, FOREIGN[family]]) {
        network.ip('pod', `addr add ${address}/${family === 4 ? 32 : 128} dev lo`);
      }
      // Loose for all interfaces, as some distributions have it: the kernel takes that for those of pods too.
      network.run('node', 'sysctl', '-qw', 'net.ipv4.conf.all.rp_filter=2');
      await network.dataplane.start(desired());
      await network.dataplane.resync();
      t.same(heard(network, family), [own]);
      network.run('node', 'sysctl', '-qw', 'net.ipv4.conf.all.rp_filter=0');
      await network.apply(desired(...PREFIXES), 'allowedSourcePrefixes', true);
      t.same(network.dataplane.tables.failures(), []);
      t.same(heard(network, family), [allowed, own].sort(), 'but from no others');
      const during = network.kept();
      await network.dataplane.resync();
      t.equal(
        network.kept().replaceAll(COUNTERS, ''),
        during.replaceAll(COUNTERS, ''),
        'looking again changes nothing',
      );
      await network.apply(desired(), 'allowedSourcePrefixes', false);
      t.same(heard(network, family), [own]);
    },
  );
}

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
  t.match(routes(), `${OWN[4]} dev caliweb scope link src 172.31.9.77`);
  t.match(routes(), `${OWN[6]} dev caliweb src fd00:9::77`);
  await network.apply(
    { ...plain, host: { ...plain.host, routeSource: { 4: FAMILIES[4].node } } },
    `src ${FAMILIES[4].node}`,
    true,
  );
  t.match(routes(), `${OWN[4]} dev caliweb scope link src ${FAMILIES[4].node}`);
  t.notMatch(routes(), 'fd00:9::77');
  network.dataplane.apply({ ...plain, host: { ...plain.host, routeSource: { 4: '192.0.2.99' } } });
  await network.dataplane.routes.flush();
  t.match(network.dataplane.routes.failures(), [{ prefix: `${OWN[4]}/32`, reason: 'Invalid prefsrc address' }]);
});
