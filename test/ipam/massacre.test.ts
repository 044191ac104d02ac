import t from 'tap';
import { massacre } from './massacre.ts';

t.setTimeout(3_600_000);

for (const [engine, size] of [
  ['sqlite', { operations: 240, lifetime: 60 }],
  ['etcd', { operations: 160, lifetime: 40 }],
] as const) {
  t.test(`processes on ${engine} that are killed at random leave no double, and no leak without a name`, async (t) => {
    const report = await massacre({ engine, processes: 4, cidr: '10.0.0.0/25', seed: 7, ...size });
    t.ok(report.killed > 0, `${report.killed} were killed after ${report.begun} assignments`);
    if (engine === 'etcd') t.equal(report.outages, 2, 'etcd went away twice');
    t.strictSame(report.failures, []);
    t.strictSame(report.doubles, []);
    t.strictSame(report.unexplained, [], 'whoever leaks was in the middle of something');
    const named = report.findings.filter(({ code }) => code === 'LEAKED_ADDRESS').map(({ subject }) => subject);
    t.strictSame(named, report.leaked, 'the audit names every leak');
    const graver = ['DOUBLE_USE', 'NOT_ALLOCATED', 'NOT_IN_POOL', 'MISSING_HANDLE', 'INVALID_BLOCK', 'STALE_AFFINITY'];
    t.strictSame(
      report.findings.filter(({ code }) => graver.includes(code)),
      [],
    );
    t.strictSame(report.remaining, [], 'and the collector clears up');
  });
}
