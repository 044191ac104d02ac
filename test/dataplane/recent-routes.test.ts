import t from 'tap';
import { RecentRoutes } from '../../src/dataplane/routes/recent.ts';
import type { RouteBatch } from '../../src/dataplane/routes/route-table.ts';
import { ROUTE_ADD, ROUTE_DELETE, ROUTE_REPLACE } from '../../src/netlink/index.ts';

const TABLE = { prefixes: { text: (key: number) => `10.0.${key >> 8}.${key & 255}/32` } } as never;

function batch(...entries: readonly (readonly [verb: number, key: number])[]): RouteBatch {
  const verbs = Uint8Array.from(entries, ([verb]) => verb);
  const keys = Uint32Array.from(entries, ([, key]) => key);
  return { changes: { count: entries.length, verbs }, keys } as unknown as RouteBatch;
}

t.test('a route is of the time at which the kernel took it last, and of none when it is gone or refused', async (t) => {
  let now = 1000;
  const recent = new RecentRoutes(() => now);
  recent.took(TABLE, batch([ROUTE_ADD, 1], [ROUTE_ADD, 2], [ROUTE_ADD, 3]), [{ entry: 2, code: 'EINVAL', reason: '' }]);
  const since = (): unknown => [1, 2, 3].map((key) => recent.since(`10.0.0.${key}/32`));
  t.same(since(), [1000, 1000, undefined]);
  now = 2000;
  recent.took(TABLE, batch([ROUTE_REPLACE, 1], [ROUTE_DELETE, 2]), []);
  t.same(since(), [2000, undefined, undefined]);
});

t.test('the last two thousand are remembered, and nothing of a storm', async (t) => {
  const recent = new RecentRoutes(() => 1);
  for (let key = 0; key < 3000; key++) recent.took(TABLE, batch([ROUTE_ADD, key]), []);
  t.same([recent.since('10.0.0.0/32'), recent.since('10.0.11.183/32')], [undefined, 1]);
  const known = Array.from({ length: 3000 }, (_, key) => recent.since(`10.0.${key >> 8}.${key & 255}/32`));
  t.equal(known.filter((at) => at !== undefined).length, 2048);
  const storm = Array.from({ length: 300 }, (_, key) => [ROUTE_ADD, 60_000 + key] as const);
  recent.took(TABLE, batch(...storm), []);
  t.equal(recent.since('10.0.234.96/32'), undefined);
});
