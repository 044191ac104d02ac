import t from 'tap';
import { stringify } from 'yaml';
import { Cluster, pool } from './harness.ts';

interface Case {
  readonly kind: string;
  readonly spec: object;
  readonly warnings: readonly string[];
}

const CASES: readonly Case[] = [
  { kind: 'IPPool', spec: { cidr: '10.0.0.0/16', natOutgoing: true }, warnings: [] },
  {
    kind: 'IPPool',
    spec: { cidr: '10.0.0.0/16', natoutgoing: true },
    warnings: ['"spec.natoutgoing" in IPPool(x); did you mean "natOutgoing"?'],
  },
  {
    kind: 'IPPool',
    spec: { cidr: '10.0.0.0/16', blokSize: 26 },
    warnings: ['"spec.blokSize" in IPPool(x); did you mean "blockSize"?'],
  },
  { kind: 'IPPool', spec: { cidr: '10.0.0.0/16', colour: 1 }, warnings: ['"spec.colour" in IPPool(x)'] },
  {
    kind: 'Node',
    spec: { bgp: { ipv4Addres: '192.0.2.1/24', ipv6Address: '2001:db8::1/64' } },
    warnings: ['"spec.bgp.ipv4Addres" in Node(x); did you mean "ipv4Address"?'],
  },
  {
    kind: 'GlobalNetworkPolicy',
    spec: { ingress: [{ action: 'Allow' }, { action: 'Allow', sorce: {} }] },
    warnings: ['"spec.ingress[1].sorce" in GlobalNetworkPolicy(x); did you mean "source"?'],
  },
  { kind: 'FelixConfiguration', spec: { aSettingOfTomorrow: 1 }, warnings: [] },
  {
    kind: 'FelixConfiguration',
    spec: { vxlanMtu: 1400 },
    warnings: ['"spec.vxlanMtu" in FelixConfiguration(default); did you mean "vxlanMTU"?'],
  },
];

for (const { kind, spec, warnings } of CASES) {
  t.test(`${kind} ${JSON.stringify(spec)}`, async (t) => {
    const name = kind === 'FelixConfiguration' ? 'default' : 'x';
    const text = stringify({ apiVersion: 'projectcalico.org/v3', kind, metadata: { name }, spec });
    const stderr = warnings.map((warning) => `Warning: unknown field ${warning}\n`).join('');
    const stdout = (past: string): string => `Successfully ${past} 1 '${kind}' resource(s)\n`;
    t.same(await new Cluster().run('create -f -', text), { code: 0, stdout: stdout('created'), stderr });
    t.same(await new Cluster().run('validate -f -', text), { code: 0, stdout: stdout('validated'), stderr });
  });
}

t.test('what is not known is kept', async (t) => {
  const cluster = new Cluster();
  await cluster.run('create -f -', stringify(pool('x', '10.0.0.0/16', { colour: 'red' })));
  t.match((await cluster.run('get ippool x -o yaml')).stdout, '  colour: red\n');
});
