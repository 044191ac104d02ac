import { readFileSync } from 'node:fs';
import t from 'tap';
import { mustRun } from '../../../src/lab/command.ts';
import { caseFile } from '../../../src/policy/cases/format.ts';
import { runCases } from '../../../src/policy/cases/run.ts';
import { needsRoot } from '../../fakes/namespaces.ts';
import { hasIpv6, inIpv6 } from '../../policy/ipv6-twin.ts';
import { KernelJudge } from './kernel-judge.ts';

/**
 * Every case once more, answered by the kernel: its policy is put into the packet filter, the table is read back, and each
 * probe goes its way through what was read. Whatever nft or the kernel makes of a rule, it has to say what the judge says.
 */
const NAMESPACE = `vrt-policy-${process.pid}`;
const read = (name: string): unknown => JSON.parse(readFileSync(`test/policy/cases/${name}.json`, 'utf8'));
const { worlds } = caseFile.parse(read('calico'));

t.setTimeout(600_000);

t.test('the kernel says what the judge says', needsRoot, async (t) => {
  await mustRun(['ip', 'netns', 'add', NAMESPACE]);
  t.teardown(() => mustRun(['ip', 'netns', 'del', NAMESPACE]));
  const judge = new KernelJudge(NAMESPACE);
  for (const name of ['kubernetes', 'cluster-network-policy', 'calico', 'networks', 'matrix']) {
    for (const family of [4, 6] as const) {
      t.test(`${name}, IPv${family}`, async (t) => {
        const table = caseFile.parse(read(name));
        const cases = table.cases.filter((one) => family === 4 || !hasIpv6(one));
        const twin = (value: unknown): unknown => (family === 4 ? value : inIpv6(value));
        const file = caseFile.parse({
          format: table.format,
          worlds: twin({ ...worlds, ...table.worlds }),
          cases: cases.map(twin),
        });
        for (const { id, failures } of await runCases(file, {}, (world) => judge.of(world, family))) {
          t.same(failures.slice(0, 5), [], id);
        }
      });
    }
  }
});
