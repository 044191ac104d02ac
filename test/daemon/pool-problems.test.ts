import t from 'tap';
import { poolProblems } from '../../src/daemon/pool-problems.ts';

t.test('each pool that lies in another is named with it', async (t) => {
  const pools = [
    { name: 'inner', cidr: '10.1.2.0/24' },
    { name: 'beside', cidr: '10.2.0.0/16' },
    { name: 'outer', cidr: '10.1.0.0/16' },
    { name: 'innermost', cidr: '10.1.2.128/25' },
    { name: 'second', cidr: '10.1.3.0/24' },
    { name: 'six', cidr: 'fd00::/48' },
    { name: 'six-inner', cidr: 'fd00:0:0:1::/64' },
  ];
  t.match(poolProblems(pools), [
    {
      about: { kind: 'IPPool', name: 'inner' },
      reason: 'Overlap',
      message: /^IPPool\(inner\) 10\.1\.2\.0\/24 overlaps/,
    },
    { about: { name: 'innermost' }, message: /overlaps with IPPool\(inner\) 10\.1\.2\.0\/24/ },
    { about: { name: 'second' }, message: /overlaps with IPPool\(outer\) 10\.1\.0\.0\/16/ },
    { about: { name: 'six-inner' }, message: /overlaps with IPPool\(six\) fd00::\/48/ },
  ]);
  t.equal(poolProblems(pools).length, 4);
});

t.test('two of the same CIDR are one too many; others are none', async (t) => {
  const pool = (name: string, cidr: string) => ({ name, cidr });
  t.equal(poolProblems([pool('a', '10.1.0.0/16'), pool('b', '10.1.0.0/16')]).length, 1);
  t.same(poolProblems([pool('a', '10.1.0.0/16'), pool('b', '10.2.0.0/16'), pool('c', 'fd00::/64')]), []);
  t.same(poolProblems([]), []);
});
