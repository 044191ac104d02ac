import { readFileSync } from 'node:fs';
import t from 'tap';
import { caseFile, runCases } from '../../src/policy/cases/index.ts';
import { judgeOf } from '../../src/policy/cases/run.ts';
import { corners } from './corners.ts';
import { InKubernetes } from './in-kubernetes.ts';
import { hasIpv6, inIpv6 } from './ipv6-twin.ts';

const read = (name: string): unknown => JSON.parse(readFileSync(`test/policy/cases/${name}.json`, 'utf8'));

/** Cases and probes: one that was lost must not go unnoticed. */
const TABLES = { kubernetes: [24, 292], 'cluster-network-policy': [12, 143], calico: [53, 7_186] } as const;

for (const [name, [cases, probes]] of Object.entries(TABLES)) {
  for (const family of ['IPv4', 'IPv6'] as const) {
    t.test(
      `${name}, as objects of an API server, in ${family}: what is calculated judges as the table says`,
      async (t) => {
        const table = caseFile.parse(read(name));
        const twins = table.cases.filter((one) => !hasIpv6(one)).map(inIpv6);
        const file =
          family === 'IPv4'
            ? table
            : caseFile.parse({ format: table.format, worlds: inIpv6(table.worlds), cases: twins });
        const cluster = await InKubernetes.start(t);
        const results = await runCases(file, {}, async (_, scene) => judgeOf(await cluster.world(scene)));
        t.same(cluster.calculation.desired().policy?.problems ?? [], [], 'all is understood');
        for (const { id, failures } of results) t.same(failures.slice(0, 3), [], id);
        if (family === 'IPv6') return;
        t.equal(results.length, cases);
        t.equal(
          results.reduce((sum, result) => sum + result.probes, 0),
          probes,
        );
      },
    );
  }
}

t.test('so it does in the corners', async (t) => {
  const cluster = await InKubernetes.start(t);
  for (const { id, failures } of await runCases(corners, {}, async (_, scene) => judgeOf(await cluster.world(scene)))) {
    t.same(failures, [], id);
  }
});
