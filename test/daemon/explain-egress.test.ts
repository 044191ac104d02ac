import t from 'tap';
import { explainEgress } from '../../src/daemon/explain-egress.ts';

type Entry = ReturnType<Parameters<typeof explainEgress>[0]['dataplane']['egress']['entries']>[number];

const POOL = {
  pool: 'p',
  family: 4,
  cidr: '10.99.0.0/24',
  address: '192.0.2.7',
  gateway: 'b',
  why: 'IPPool p: egressAddress',
} as const;

function explained(...entries: readonly Entry[]) {
  return explainEgress({ dataplane: { egress: { entries: () => entries } } });
}

t.test('who goes out by which gateway, and how its packets get there', async (t) => {
  const pool = { ...POOL, way: { kind: 'vxlan', via: '10.244.2.0' } } as const;
  t.match(explained({ pool, table: 250, present: true }), [
    {
      text: 'from 10.99.0.0/24 as 192.0.2.7 gateway b vxlan via 10.244.2.0 table 250',
      present: true,
      why: 'IPPool p: egressAddress',
      egress: { pool: 'p', gateway: 'b', way: 'vxlan', via: '10.244.2.0', table: 250 },
    },
  ]);
});

t.test('this node is the gateway', async (t) => {
  const [entry] = explained({ pool: { ...POOL, way: { kind: 'here' } }, table: undefined, present: true });
  t.equal(entry.text, 'from 10.99.0.0/24 as 192.0.2.7 gateway b here');
  t.same(entry.egress, { pool: 'p', cidr: '10.99.0.0/24', address: '192.0.2.7', gateway: 'b', way: 'here' });
});

t.test('why there is none, and why the kernel has not what is wanted', async (t) => {
  const { gateway: _, ...nobody } = POOL;
  const none = { ...nobody, way: { kind: 'none', reason: 'no node is ready' } } as const;
  t.match(explained({ pool: none, table: 250, present: false }), [
    { text: 'from 10.99.0.0/24 as 192.0.2.7 table 250', present: false, why: 'no node is ready' },
  ]);
  const refused = { ...POOL, way: { kind: 'subnet', via: '172.16.0.2' } } as const;
  t.match(explained({ pool: refused, table: undefined, present: false, reason: 'no table is free' }), [
    { present: false, why: 'no table is free', egress: { way: 'subnet' } },
  ]);
});
