import t from 'tap';
import { systemClock } from '../../src/base/index.ts';
import { NO_TUNNELS } from '../../src/calc/index.ts';
import { gatewayRoute } from '../../src/dataplane/index.ts';
import { prefixNumber } from '../../src/dataplane/routes/route-table.ts';
import { until } from '../../src/lab/until.ts';
import { FakeNft } from '../fakes/fake-nft.ts';
import { makeNamespace, needsRoot } from '../fakes/namespaces.ts';
import { wanted } from './host.ts';
import { RealHost } from './real-host.ts';
import { BLOCK, VXLAN6 } from './vxlan6.ts';
import { Watch } from './watch.ts';

t.test('from BGP to VXLAN and back, a packet to an IPv6 block always finds a way', needsRoot, async (t) => {
  const { path, remove } = makeNamespace();
  t.teardown(remove);
  const host = await RealHost.open(path, new FakeNft());
  t.teardown(() => host.close());
  host.furnish();
  host.ip('addr add fd01::1/64 dev eth0 nodad');
  const dataplane = RealHost.dataplane(host.kernel, host.nft);
  t.teardown(() => dataplane.stop());
  await dataplane.start(wanted([]));
  const { routes } = dataplane;
  const eth0 = (await host.kernel.linkGet('eth0'))?.index ?? 0;
  const direct = routes.infos.retain(routes.infos.id(gatewayRoute([{ via: 'fd01::2', dev: eth0 }])));
  routes.tables[6].want('bgp', prefixNumber(routes.tables[6], BLOCK), direct);
  await routes.flush();
  const watch = await Watch.start(host);
  t.teardown(() => watch.stop());
  const shown = (): string[] => host.run(['ip', '-6', 'route', 'show', 'proto', '80']).trim().split(/ *\n/);

  dataplane.apply({ ...wanted([]), tunnels: { ...NO_TUNNELS, vxlan6: VXLAN6 } });
  await until(systemClock, 'the way to the VTEP, and through it', async () => shown().length === 2);
  await until(systemClock, 'the block to go through it', async () => shown()[1].includes('onlink'));
  t.match(shown(), [/^fd00::2 dev vxlan-v6\.calico /, /^fd00::\/122 via fd00::2 dev vxlan-v6\.calico .*onlink/]);
  dataplane.apply(wanted([]));
  await until(systemClock, 'the tunnel’s routes to go', async () => shown().length === 1);
  t.match(shown(), [/^fd00::\/122 via fd01::2 dev eth0 /]);
  await watch.quiet();
  t.same(
    watch.of([BLOCK]).map((text) => text.split(' ')[0]),
    ['new', 'new'],
    'each time in one replacement',
  );
  t.same(routes.failures(), []);
});

t.test(
  'VXLAN over IPv6 works on a host that has IPv6 off for links that come, and when somebody switches it off',
  needsRoot,
  async (t) => {
    const { path, remove } = makeNamespace();
    t.teardown(remove);
    const host = await RealHost.open(path, new FakeNft());
    t.teardown(() => host.close());
    host.furnish();
    host.ip('addr add fd01::1/64 dev eth0 nodad');
    await host.kernel.sysctl('net.ipv6.conf.default.disable_ipv6', '1');
    const dataplane = RealHost.dataplane(host.kernel, host.nft);
    t.teardown(() => dataplane.stop());
    await dataplane.start({ ...wanted([]), tunnels: { ...NO_TUNNELS, vxlan6: VXLAN6 } });
    const shown = (): string => host.run(['ip', '-6', 'route', 'show', 'proto', '80']);
    const isThere = async (): Promise<boolean> => /onlink/.test(shown());
    await until(systemClock, 'the block to go through it', isThere);
    await host.kernel.sysctl('net.ipv6.conf.vxlan-v6/calico.disable_ipv6', '1');
    await until(systemClock, 'IPv6 to be on again', async () => {
      return (await host.kernel.sysctl('net.ipv6.conf.vxlan-v6/calico.disable_ipv6')) === '0';
    });
    await until(systemClock, 'the block to go through it again', isThere);
  },
);
