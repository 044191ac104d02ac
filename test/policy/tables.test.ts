import { readFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { type CaseResult, caseFile, runCases } from '../../src/policy/cases/index.ts';
import { hasIpv6, inIpv6 } from './ipv6-twin.ts';

/** Cases and probes of each table: one that was lost must not go unnoticed. */
const TABLES = {
  kubernetes: [24, 292],
  matrix: [115, 54_540],
  'cluster-network-policy': [12, 143],
  networks: [45, 16_677],
  calico: [53, 7_186],
  host: [17, 42],
  'host-paths': [26, 107],
} as const;

/** Cases that have addresses of both families already: they have no twin. */
const OF_BOTH_FAMILIES: Readonly<Record<string, number>> = { 'cluster-network-policy': 2, networks: 1 };

const read = (name: string): unknown => JSON.parse(readFileSync(`test/policy/cases/${name}.json`, 'utf8'));
const { worlds } = caseFile.parse(read('calico'));

for (const [name, [cases, probes]] of Object.entries(TABLES)) {
  const table = caseFile.parse(read(name));
  t.test(`the table ${name}`, async (t) => {
    const results = await runCases(table, worlds);
    t.equal(results.length, cases);
    t.equal(
      results.reduce((sum, result) => sum + result.probes, 0),
      probes,
    );
    allAsTheTableSays(t, results);
  });

  t.test(`the table ${name} in IPv6`, async (t) => {
    const twins = table.cases.filter((one) => !hasIpv6(one)).map(inIpv6);
    t.equal(twins.length, cases - (OF_BOTH_FAMILIES[name] ?? 0));
    const file = caseFile.parse({ format: table.format, worlds: inIpv6({ ...worlds, ...table.worlds }), cases: twins });
    allAsTheTableSays(t, await runCases(file));
  });
}

function allAsTheTableSays(t: Test, results: readonly CaseResult[]): void {
  for (const { id, failures, problems } of results) {
    t.same(failures.slice(0, 5), [], id);
    t.same(problems, [], `${id}: all is understood`);
  }
}
