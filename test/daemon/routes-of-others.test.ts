import t from 'tap';
import { routesOfOthers } from '../../src/daemon/routes-of-others.ts';
import type { ForeignRoute } from '../../src/dataplane/index.ts';

const NAMES = new Map([[2, 'eth0']]);
const STATIC = {
  family: 4,
  kind: 'unicast',
  protocol: 4,
  table: 254,
  nextHops: [{ via: '10.1.0.99', dev: 2 }],
} as const;

function foreign(destination: string, more: Partial<ForeignRoute> & { metric?: number } = {}): ForeignRoute {
  const { metric, ...rest } = more;
  const family = destination.includes(':') ? 6 : 4;
  const route = { ...STATIC, family, destination, ...(metric !== undefined && { metric }) } as ForeignRoute['route'];
  return { route, how: 'place', ours: destination, again: false, ...rest };
}

t.test('each kind of route in the way of ours is one sentence with what to do', async (t) => {
  t.same(routesOfOthers([], NAMES), []);
  t.same(routesOfOthers([foreign('10.244.1.0/26')], NAMES), [
    'routes of somebody else are in the place of ours: 10.244.1.0/26 via 10.1.0.99 dev eth0 proto static (ours: 10.244.1.0/26). ' +
      'Remove what is not meant (ip route del 10.244.1.0/26 proto 4), or end what makes it',
  ]);
  t.match(routesOfOthers([foreign('fd00:1::/122', { how: 'before', metric: 32 })], NAMES), [
    /lower metric than ours.*fd00:1::\/122 .* metric 32 .*ip -6 route del fd00:1::\/122 metric 32 proto 4/,
  ]);
  t.match(routesOfOthers([foreign('10.244.1.7/32', { how: 'within', ours: '10.244.1.0/26' })], NAMES), [
    /take addresses out of ours: 10\.244\.1\.7 via .*\(ours: 10\.244\.1\.0\/26\)/,
  ]);
  const blackhole = { ...foreign('10.244.1.0/28', { how: 'within' }).route, kind: 'blackhole', nextHops: [] } as const;
  t.match(routesOfOthers([{ ...foreign('10.244.1.0/28', { how: 'within' }), route: blackhole }], NAMES), [
    /ip route del blackhole 10\.244\.1\.0\/28 proto 4/,
  ]);
});

t.test('what came again after it was taken over has a living maker, whatever it does', async (t) => {
  for (const how of ['place', 'before', 'within'] as const) {
    t.match(routesOfOthers([foreign('10.244.1.0/26', { how, again: true })], NAMES), [/came again.*stop calico-node/]);
  }
});

t.test('a thousand of them are still one sentence', async (t) => {
  const many = Array.from({ length: 1000 }, (_, at) => foreign(`10.244.${at >> 8}.${at & 255}/32`));
  const told = routesOfOthers(many, NAMES);
  t.equal(told.length, 1);
  t.match(told[0], 'and 995 more');
});
