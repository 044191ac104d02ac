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

t.test('a file that is none names the field', async (t) => {
  const { code, stderr } = await run('format: policy-verdicts/2\ncases: []\n');
  t.equal(code, 1);
  t.match(stderr, /cases\.yaml is no file of policy cases:\n.*"policy-verdicts\/1"/);
});
