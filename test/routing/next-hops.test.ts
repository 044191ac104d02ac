import t from 'tap';
import { silentLog, VirtualClock } from '../../src/base/index.ts';
import type { Route } from '../../src/netlink/index.ts';
import { NextHops } from '../../src/routing/next-hops.ts';

const MARK = 0x100000;

t.test('a next hop is looked up by the mark of WireGuard, and again when there is another', async (t) => {
  const clock = new VirtualClock();
  const asked: (number | undefined)[] = [];
  const way = (dev: number): Route => ({
    family: 4,
    kind: 'unicast',
    destination: '172.16.0.2/32',
    protocol: 0,
    table: 254,
    nextHops: [{ dev }],
  });
  const kernel = {
    routeGet: async (_: string, mark?: number) => {
      asked.push(mark);
      return way(mark === MARK ? 2 : 7);
    },
  };
  const hops = new NextHops({ kernel, clock, log: silentLog });
  const changed: string[] = [];
  hops.onChange = (addresses) => changed.push(...addresses);
  t.equal(hops.resolve('172.16.0.2'), undefined, 'not known yet');
  await clock.advanceAsync(0);
  t.same(hops.resolve('172.16.0.2'), { via: '172.16.0.2', dev: 7 });
  hops.setMark(MARK);
  hops.setMark(MARK);
  await clock.advanceAsync(100);
  t.same(hops.resolve('172.16.0.2'), { via: '172.16.0.2', dev: 2 });
  t.same(asked, [undefined, MARK]);
  t.same(changed, ['172.16.0.2', '172.16.0.2']);
});
