import { execFileSync } from 'node:child_process';
import t from 'tap';
import {
  deviceNames,
  type FibInfo,
  formatLink,
  formatNeighbor,
  formatRoute,
  formatRule,
  type Neighbor,
  openKernel,
  ROUTE_ADD,
  type Route,
} from '../../src/netlink/index.ts';
import { makeNamespace } from '../fakes/namespaces.ts';
import { routeChanges } from '../fakes/route-changes.ts';

const trimmed = (text: string) =>
  text
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '')
    .sort();

t.test('routes, rules and neighbours print as ip(8) prints them', async (t) => {
  const namespace = makeNamespace();
  const kernel = await openKernel({ namespace: namespace.path });
  t.teardown(() => {
    kernel.close();
    namespace.remove();
  });
  const ip = (...args: readonly string[]) =>
    trimmed(execFileSync('ip', ['-n', namespace.name, ...args], { encoding: 'utf8' }));
  await kernel.linkAdd({ kind: 'veth', name: 'v0', peerName: 'v1' });
  await kernel.linkSet('v0', { up: true });
  await kernel.linkSet('v1', { up: true });
  await kernel.addressAdd({ dev: 'v0', address: '10.1.0.1/24' });
  const names = deviceNames(await kernel.linkList());
  const dev = [...names].find(([, name]) => name === 'v0')?.[0] ?? 0;
  const info = (more: Partial<FibInfo>): FibInfo => ({
    kind: 'unicast',
    protocol: 80,
    table: 254,
    nextHops: [{ dev }],
    ...more,
  });
  const several = [
    { via: '10.1.0.2', dev },
    { via: '192.0.2.1', dev, weight: 7, onlink: true },
  ];
  const failures = await kernel.applyRoutes(
    routeChanges(4, [
      [ROUTE_ADD, '10.5.0.1/32', info({})],
      [ROUTE_ADD, '10.5.1.0/26', info({ nextHops: [{ via: '192.0.2.1', dev, onlink: true }], mtu: 1400 })],
      [ROUTE_ADD, '10.5.2.0/26', info({ nextHops: several, protocol: 12 })],
      [ROUTE_ADD, '10.5.3.0/26', info({ kind: 'blackhole', nextHops: [], metric: 7 })],
      [ROUTE_ADD, '10.5.4.0/26', info({ kind: 'unreachable', nextHops: [], protocol: 4 })],
      [ROUTE_ADD, '10.5.5.0/26', info({ nextHops: [{ via: 'fe80::1', dev }] })],
      [ROUTE_ADD, '0.0.0.0/0', info({ source: '10.1.0.1', metric: 100, nextHops: [{ via: '10.1.0.2', dev }] })],
    ]),
  );
  t.same(failures, []);
  const routes = await kernel.routeList({ family: 4 });
  t.same(trimmed(routes.map((route: Route) => formatRoute(route, names)).join('\n')), ip('route'));

  await kernel.ruleAdd({
    family: 4,
    priority: 99,
    table: 1000,
    mark: 16,
    mask: 255,
    invert: true,
    source: '10.0.0.0/8',
  });
  await kernel.ruleAdd({ family: 4, priority: 100, table: 254, mark: 5, incoming: 'v0', destination: '10.9.0.0/16' });
  const rules = (await kernel.ruleList(4)).map(formatRule);
  t.same(
    rules.sort(),
    ip('rule').map((line) => line.replace(':\t', ': ')),
  );

  await kernel.neighborAdd({ dev: 'v0', destination: '10.1.0.9', mac: '02:00:00:00:00:09' });
  const neighbors: readonly Neighbor[] = await kernel.neighborList({ dev: 'v0' });
  const permanent = neighbors.filter(({ state }) => state === 'permanent').map(formatNeighbor);
  t.same(permanent, ip('-4', 'neigh', 'show', 'nud', 'permanent'));
});

t.test('the end of a veth in another namespace has no name here', async (t) => {
  const link = {
    index: 2,
    name: 'v0',
    mtu: 1500,
    up: false,
    operState: 'down',
    flags: ['UP'],
    linkIndex: 2,
    mac: '02:00:00:00:00:01',
  };
  const names = deviceNames([link, { ...link, index: 3, name: 'v1' }]);
  t.equal(
    formatLink({ ...link, linkIndex: 3 }, names),
    '2: v0@v1: <UP> mtu 1500 state DOWN link/ether 02:00:00:00:00:01',
  );
  t.equal(
    formatLink({ ...link, linkNamespaceId: 0 }, names),
    '2: v0@if2: <UP> mtu 1500 state DOWN link/ether 02:00:00:00:00:01',
  );
});
