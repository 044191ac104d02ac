import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { runPolicy } from '../../src/cli/index.ts';

const FILE = `
format: policy-verdicts/1
worlds:
  shop:
    namespaces: { red: {} }
    pods:
    - { namespace: red, name: web, ip: 10.0.0.1, labels: { app: web } }
    - { namespace: red, name: db, ip: 10.0.0.2, labels: { app: db } }
cases:
- id: only-web
  title: the database takes what web sends to its port
  world: shop
  steps:
  - apply:
    - apiVersion: projectcalico.org/v3
      kind: NetworkPolicy
      metadata: { name: db, namespace: red }
      spec:
        selector: app == 'db'
        ingress:
        - { action: Allow, protocol: TCP, source: { selector: app == 'web' }, destination: { ports: [5432] } }
    expect:
    - probes:
      - [red/web, red/db, TCP, 5432, true]
      - [red/web, red/db, TCP, 80, WANTED]
`;

/** Runs `vrouter policy test` on a file with this text. */
async function run(text: string, ...words: readonly string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'vrt-policy-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'cases.yaml'), text);
  let [stdout, stderr] = ['', ''];
  const code = await runPolicy(['test', 'cases.yaml', ...words], {
    cwd: folder,
    stdout: (part) => {
      stdout += part;
    },
    stderr: (part) => {
      stderr += part;
    },
  });
  return { code, stdout, stderr, folder };
}

t.test('cases that hold say so in one line', async (t) => {
  t.same(await run(FILE.replace('WANTED', 'false')).then(({ code, stdout }) => [code, stdout]), [
    0,
    '1 cases, 2 probes, 0 failed\n',
  ]);
});

t.test('a verdict that differs is named with what decided, and in JUnit’s XML', async (t) => {
  const { code, stdout, stderr, folder } = await run(FILE.replace('WANTED', 'true'), '--junit', 'report.xml');
  t.equal(code, 1);
  t.equal(
    stdout,
    'FAIL cases.yaml: only-web: the database takes what web sends to its port\n' +
      '  red/web → red/db TCP/80 should be allowed: denied (egress of red/web allows: profile kns.red; ' +
      'ingress of red/db denies: end of tier default, after NetworkPolicy red/db)\n' +
      '1 cases, 2 probes, 1 failed\n',
  );
  t.equal(stderr, '1 of 1 cases failed\n');
  const report = readFileSync(join(folder, 'report.xml'), 'utf8');
  t.match(report, '<testsuite name="cases.yaml" tests="1" failures="1">');
  t.match(report, '<failure>red/web → red/db TCP/80 should be allowed');
});

t.test('what is not understood in a policy is told even where the verdicts hold', async (t) => {
  const { code, stdout } = await run(
    FILE.replace('WANTED', 'false').replace('ports: [5432]', 'ports: [5432], moon: 1'),
  );
  t.equal(code, 1);
  t.match(stdout, 'note: NetworkPolicy db: ingress[0].destination.moon is not known: the rule is left out');
});

t.test('so is what is not understood of hosts, sets and tiers', async (t) => {
  const told = {
    HostEndpoint: [{ interfaceName: 'eth0' }, /note: HostEndpoint odd: spec .*Node/],
    GlobalNetworkSet: [{ nets: ['10.0.0.0/8', '10.0.0.0/80'] }, /note: GlobalNetworkSet odd: spec .*10\.0\.0\.0\/80/],
    Tier: [{ defaultAction: 'Allow' }, /note: Tier odd: spec .*DefaultAction/],
  } as const;
  for (const [kind, [spec, note]] of Object.entries(told)) {
    const object = JSON.stringify({ apiVersion: 'projectcalico.org/v3', kind, metadata: { name: 'odd' }, spec });
    const { stdout } = await run(fileWith(steps(`{ apply: [${object}] }`)));
    t.match(stdout, note);
  }
});

t.test('a file that is none names the field', async (t) => {
  const { code, stderr } = await run('format: policy-verdicts/2\ncases: []\n');
  t.equal(code, 1);
  t.match(stderr, /cases\.yaml is no file of policy cases:\n.*"policy-verdicts\/1"/);
});

/** A file with the world of the first, and this case. */
function fileWith(one: string): string {
  return `${FILE.slice(0, FILE.indexOf('cases:'))}cases:\n- id: sound\n  world: shop\n  steps: []\n- id: odd\n  ${one}\n`;
}
const steps = (words: string): string => `world: shop\n  steps: [${words}]`;
const probing = (words: string): string => steps(`{ expect: [{ probes: [[${words}]] }] }`);
const packet = (words: string): string =>
  `policies: []\n  packets: [{ path: in, interface: eth0, source: 10.9.9.9, destination: 10.0.0.9, port: 80, want: accept, ${words} }]`;

/** Mistakes in a case that would otherwise make it say nothing, and be taken for one that holds. */
const MISTAKES: Readonly<Record<string, string>> = {
  [probing('red/web, red/dbs, TCP, 80, true')]: '"red/dbs" is neither a pod nor an address',
  [probing('red/web, "fd00::1", TCP, 80, true')]: 'red/web → fd00::1 TCP/80: they have no IP version in common',
  [steps('{ expect: [{ protocol: TCP, port: 80, matrix: ["-.", ".-", ".."] }] }')]: 'a matrix of 2 pods has 3 rows',
  [steps('{ expect: [{ protocol: TCP, port: 80, matrix: ["-.", "."] }] }')]: 'row 2 of a matrix of 2 pods has 1 cells',
  [steps('{ labels: [{ pod: red/dbs, labels: {} }] }')]: 'there is no pod red/dbs to label',
  [steps('{ labels: [{ namespace: blue, labels: {} }] }')]: 'there is no namespace blue to label',
  [steps('{ delete: [{ kind: NetworkPolicy, namespace: red, name: db }] }')]:
    'there is no NetworkPolicy red/db to delete',
  [steps('{ apply: [{ apiVersion: networking.k8s.io/v1, kind: NetworkPolcy, metadata: { name: p } }] }')]:
    'nothing is known of kind NetworkPolcy (networking.k8s.io/v1)',
};

for (const [one, told] of Object.entries(MISTAKES)) {
  t.test(`a case fails in which ${told}`, async (t) => {
    const { code, stdout } = await run(fileWith(one));
    t.equal(code, 1);
    t.match(stdout, `FAIL cases.yaml: odd\n  ${told}`);
    t.match(stdout, '2 cases, ', 'the others are judged');
  });
}

t.test('a mistake of the world or the form is named with its place', async (t) => {
  for (const [one, told] of [
    [steps('{ expect: [{ protocol: TCP, port: 80, matrix: ["-x", ".-"] }] }'), 'must be of . X and -'],
    [probing('red/web, red/db, TCP, 65536, true'), '65535'],
    [probing('red/web, red/db, TCPP, 80, true'), '"TCPP" is no protocol'],
    [packet('protocol: TPC'), '"TPC" is no protocol'],
    [packet('protocol: TCP').replace('10.9.9.9', '10.9.9.999'), 'must be an address'],
    ['world: { pods: [{ namespace: red, name: a, ip: 10.0.0.300 }] }\n  steps: []', 'must be an address'],
  ]) {
    const { code, stderr } = await run(fileWith(one));
    t.equal(code, 1);
    t.match(stderr, 'cases.yaml is no file of policy cases');
    t.match(stderr, told);
  }
});

t.test('the report is XML whatever a case is called', async (t) => {
  const { folder } = await run(
    FILE.replace('WANTED', 'false').replace('id: only-web', 'id: "a\\u0001<b>\\"&"'),
    '--junit',
    'report.xml',
  );
  t.match(readFileSync(join(folder, 'report.xml'), 'utf8'), 'name="a\uFFFD&lt;b&gt;&quot;&amp;"');
});
