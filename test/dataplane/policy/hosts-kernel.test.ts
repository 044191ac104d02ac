import { readFileSync } from 'node:fs';
import t from 'tap';
import { PLAIN_SETTINGS } from '../../../src/calc/desired/index.ts';
import { mustRun } from '../../../src/lab/command.ts';
import { caseFile } from '../../../src/policy/cases/format.ts';
import { runCases } from '../../../src/policy/cases/run.ts';
import { needsRoot } from '../../fakes/namespaces.ts';
import { inIpv6 } from '../../policy/ipv6-twin.ts';
import { HostKernelJudge } from './host-kernel-judge.ts';

/** Every case of host endpoints once more, answered by the kernel: by its own table, read back and walked hook by hook. */
const NAMESPACE = `vrt-hosts-${process.pid}`;
const ODD = { ...PLAIN_SETTINGS, rejects: true, marks: { accept: 1, pass: 8, local: 0x80000000 } };

t.setTimeout(300_000);

t.test('the kernel says of packets that meet host endpoints what the judge says', needsRoot, async (t) => {
  await mustRun(['ip', 'netns', 'add', NAMESPACE]);
  t.teardown(() => mustRun(['ip', 'netns', 'del', NAMESPACE]));
  const plain = new HostKernelJudge(NAMESPACE);
  const odd = new HostKernelJudge(NAMESPACE, new Map(), ODD);
  for (const [name, judge, how] of [
    ['host', plain, 'dropping'],
    ['host-paths', plain, 'dropping'],
    ['host', odd, 'rejecting, by other marks'],
    ['host-paths', odd, 'rejecting, by other marks'],
  ] as const) {
    const table = JSON.parse(readFileSync(`test/policy/cases/${name}.json`, 'utf8')) as unknown;
    for (const family of [4, 6] as const) {
      t.test(`${name}, ${how}, IPv${family}`, async (t) => {
        const file = caseFile.parse(family === 4 ? table : inIpv6(table));
        const results = await runCases(file, {}, undefined, (world, settings) => judge.of(world, settings, family));
        for (const { id, failures } of results) t.same(failures, [], id);
      });
    }
  }

  await t.test(
    'endpoints that are on no interface, or come after another there, keep nothing from the kernel',
    async (t) => {
      const endpoint = (name: string, role: string, spec: object): object => ({
        apiVersion: 'projectcalico.org/v3',
        kind: 'HostEndpoint',
        metadata: { name, labels: { role } },
        spec: { node: 'here', ...spec },
      });
      const untracked = {
        apiVersion: 'projectcalico.org/v3',
        kind: 'GlobalNetworkPolicy',
        metadata: { name: 'p' },
        spec: { selector: "role == 'waits'", doNotTrack: true, applyOnForward: true, types: ['Ingress', 'Egress'] },
      };
      const packet = {
        path: 'in',
        interface: 'eth0',
        source: '10.9.9.9',
        destination: '10.8.8.8',
        protocol: 'TCP',
        port: 80,
      };
      const cases = {
        'nobody has its address': {
          policies: [endpoint('waits', 'waits', { expectedIPs: ['192.0.2.250'] }), untracked],
          packets: [{ ...packet, want: 'accept' }],
        },
        'another has its interface': {
          policies: [
            endpoint('first', 'any', { interfaceName: 'eth0' }),
            endpoint('second', 'waits', { interfaceName: 'eth0' }),
            untracked,
          ],
          packets: [{ ...packet, want: 'drop' }],
        },
      };
      const file = caseFile.parse({
        format: 'policy-verdicts/1',
        cases: Object.entries(cases).map(([id, one]) => ({ id, ...one })),
      });
      // In one transaction each: the judge's telltale throws where one was refused.
      const judge = new HostKernelJudge(NAMESPACE);
      const results = await runCases(file, {}, undefined, (world, settings) => judge.of(world, settings, 4));
      for (const { id, failures } of results) t.same(failures, [], id);
    },
  );
});
