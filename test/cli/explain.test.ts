import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import t from 'tap';
import { ALERTS } from '../../deploy/monitoring/alerts.ts';
import { type ExplainedName, explanationText, shelf } from '../../src/cli/explain/index.ts';
import { type Io, runExplain } from '../../src/cli/index.ts';
import { processIo } from '../../src/cli/io.ts';
import { cniErrors } from '../../src/cni/errors.ts';
import { ALIASES } from '../../src/observe/alias-table.ts';
import { allMetrics } from '../observe/all-metrics.ts';

const all = shelf();
const named = (kind: ExplainedName['kind']): readonly string[] =>
  all.filter((entry) => entry.kind === kind).map(({ name }) => name);

async function explain(...argv: readonly string[]) {
  let [stdout, stderr] = ['', ''];
  const io: Io = {
    ...processIo(),
    stdout: (text) => {
      stdout += text;
    },
    stderr: (text) => {
      stderr += text;
    },
  };
  const code = await runExplain(argv, io);
  return { code, stdout, stderr };
}

/** What stands where a code stands, in errors, in answers of the daemon, in findings of the audit and in errno tables. */
const PATTERNS = [
  /\b(?:super|new [A-Z]\w*(?:Error|Refused|Unreachable))\(\s*'([A-Z][A-Z0-9_]+)',/g,
  /\b(?:failure|failAll)\('([A-Z][A-Z0-9_]+)'/g,
  /\bcode: '([A-Z][A-Z0-9_]+)'/g,
  /\? error\.code : '([A-Z][A-Z0-9_]+)'/g,
  /code \?\? '([A-Z][A-Z0-9_]+)'/g,
  /\bfound\('([A-Z][A-Z0-9_]+)'/g,
];

function codesOfSources(): ReadonlySet<string> {
  const codes = new Set<string>();
  for (const file of globSync('src/**/*.ts')) {
    const text = readFileSync(file, 'utf8');
    for (const pattern of PATTERNS) for (const [, code] of text.matchAll(pattern)) codes.add(code);
    // Unions of codes, and the table of errnos.
    if (basename(file) === 'errors.ts') for (const [, code] of text.matchAll(/\| '([A-Z_]+)'/g)) codes.add(code);
    if (basename(file) === 'errno.ts')
      for (const [, code] of text.matchAll(/^ {2}([A-Z0-9]+): \[\d/gm)) codes.add(code);
  }
  return codes;
}

t.test('every code of an error is explained, with what to do, and none besides', async (t) => {
  const codes = codesOfSources();
  t.ok(codes.size > 100, `${codes.size} codes`);
  const wanted = [...codes, ...Object.values(cniErrors).map((number) => `CNI ${number}`)];
  t.same([...named('error')].sort(), wanted.sort());
  for (const entry of all) if (entry.kind === 'error') t.ok(entry.meaning !== '' && entry.next !== '', entry.name);
});

t.test('no error has a code that can not be found so', async (t) => {
  // Codes that are computed come from the kernel, from another error, or from the tables above.
  const computed = /new (?:VRouterError|StoreError|IpamError|LabError|TransportError|QuestionError)\(\s*[^'\s]/;
  for (const file of globSync('src/**/*.ts')) t.notMatch(readFileSync(file, 'utf8'), computed, file);
});

t.test('every metric is explained, by its own name and by others’', async (t) => {
  const own = allMetrics().described();
  const others = Object.values(ALIASES).flat();
  t.same([...new Set(named('metric'))].sort(), [...new Set([...own, ...others].map(({ name }) => name))].sort());
  for (const { name, help, labels } of own) {
    const entry = all.find((one) => one.kind === 'metric' && one.name === name && one.alias === undefined);
    t.match(entry, { meaning: help, labels }, name);
  }
});

t.test('every alert is explained, and named by the metrics that it looks at', async (t) => {
  const alerts = Object.values(ALERTS).flat();
  t.same([...named('alert')].sort(), alerts.map(({ name }) => `VRouter${name}`).sort());
  for (const { name, expr } of alerts) {
    const looking = all.filter((entry) => entry.kind === 'metric' && entry.alerts.includes(`VRouter${name}`));
    t.ok(looking.length > 0 || !expr.includes('vrouter_'), `${name}: ${expr}`);
    for (const metric of looking) t.match(expr, metric.name);
  }
  t.match(await explain('vrouter_bgp_session_up'), { stdout: /Alerts: .*VRouterBGPSessionDown/ });
});

t.test('a name is found in any case, without what surrounds it in a graph or an alert', async (t) => {
  for (const [typed, name] of [
    ['exhausted', 'EXHAUSTED'],
    ['bgpsessiondown', 'VRouterBGPSessionDown'],
    ['VRouterBGPSessionDown', 'VRouterBGPSessionDown'],
    ['vrouter_apply_seconds_bucket', 'vrouter_apply_seconds'],
    ['vrouter_ready{instance="n1"}', 'vrouter_ready'],
    ['eexist', 'EEXIST'],
    ['11', 'CNI 11'],
    ['cni 11', 'CNI 11'],
  ]) {
    const { code, stdout } = await explain(...typed.split(' '));
    t.equal(code, 0, typed);
    t.ok(stdout.startsWith(`${name}: `), `${typed}: ${stdout.split('\n')[0]}`);
  }
});

t.test('the text of an alert is its runbook without marks, in lines that fit', async (t) => {
  const { stdout } = await explain('BGPFlapping');
  t.match(stdout, /^VRouterBGPFlapping: alert, warning\n\nMeaning: {4}A BGP session comes and goes\n/);
  t.match(stdout, /What mends it:\n1\. Mend the link/);
  for (const entry of all) {
    const text = explanationText(entry);
    t.notMatch(text, /`|##/, entry.name);
    t.ok(text.endsWith('\n') && !text.endsWith('\n\n'), `${entry.name} ends with its last line`);
    for (const line of text.split('\n')) {
      if (line.length > 100 && !/^(When|\S+:?|Alerts|Labels)/.test(line)) t.fail(`${entry.name}: ${line}`);
    }
  }
});

t.test('JSON has the parts; a list has all names', async (t) => {
  const json = await explain('EXHAUSTED', '-o', 'json');
  t.match(JSON.parse(json.stdout), [{ kind: 'error', name: 'EXHAUSTED', next: /IPPool/ }]);
  const list = await explain('--list');
  t.equal(list.stdout.trim().split('\n').length, all.length);
});

t.test('a name that nothing has is answered with those that are like it', async (t) => {
  t.match(await explain('EXHAUSTD'), {
    code: 1,
    stdout: '',
    stderr: "nothing is called 'EXHAUSTD'; there is EXHAUSTED\n",
  });
  t.match(await explain('vrouter_bgp_sesion_up'), { code: 1, stderr: /there is vrouter_bgp_session_up/ });
  t.match(await explain('xyzzy'), { code: 1, stderr: /--list shows all names/ });
  t.match(await explain(), { code: 2, stderr: /--list/ });
});

t.test('where the pages are not installed, that is said', async (t) => {
  t.throws(() => shelf('/proc'), /not installed.*install vRouter again/);
});
