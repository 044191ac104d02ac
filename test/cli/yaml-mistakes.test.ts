import t from 'tap';
import { Cluster } from './harness.ts';

const head = 'apiVersion: projectcalico.org/v3\n';

/** A manifest that YAML can read, or almost, and what is wrong with it. */
const mistakes: readonly (readonly [what: string, text: string, says: RegExp])[] = [
  [
    'a selector that is a tag',
    `${head}kind: IPPool\nmetadata: {name: a}\nspec:\n  cidr: 10.9.0.0/16\n  nodeSelector: !has(gpu)\n`,
    /line 6: column 17: '!has\(gpu\)' is a tag that nobody knows; a text that begins with ! needs quotes/,
  ],
  [
    'a tag of data that no manifest has',
    `${head}kind: !!binary aGk=\nmetadata: {name: a}\n`,
    /line 2: column 7: unknown scalar tag/,
  ],
  [
    'an anchor to nowhere',
    `${head}kind: BGPPeer\nmetadata: {name: *nobody}\n`,
    /line 3: column 19: unidentified alias "nobody"/,
  ],
  [
    'a key twice',
    `${head}kind: IPPool\nmetadata: {name: a}\nspec:\n  cidr: 10.9.0.0/16\n  cidr: 10.8.0.0/16\n`,
    /line 6: column 3: duplicated mapping key/,
  ],
  ['a key twice in JSON', '{"kind": "IPPool",\n "kind": "Node"}', /line 2: column 3: duplicated mapping key/],
  [
    'a label that is a number',
    `${head}kind: Node\nmetadata:\n  name: n\n  labels:\n    ok: "1"\n    bad: 1\n`,
    /line 7: column 10: the value of 'bad' must be text: write '1' in quotes/,
  ],
  [
    'a label that is a boolean, in the second of two documents, in a list, by names in other cases',
    `---\na: 1\n---\n${head}kind: List\nitems:\n- {kind: Node}\n- kind: Node\n  Metadata: {Labels: {a: yes}}\n`,
    /line 9: column 26: the value of 'a' must be text: write 'yes' in quotes/,
  ],
  [
    'a label that is a version, as it was written',
    `${head}kind: Node\nmetadata: {name: n, labels: {version: 1.10}}\n`,
    /line 3: column 39: the value of 'version' must be text: write '1\.10' in quotes/,
  ],
  [
    'half a character',
    `${head}kind: IPPool\nmetadata: {name: a, annotations: {a: "x\\ud800"}}\nspec: {cidr: 10.9.0.0/16}\n`,
    /yaml: 'x\ufffd': found invalid Unicode character escape code/,
  ],
  [
    'an annotation that is a number, by a merge from elsewhere',
    `base: &base {annotations: {a: 1.10}}\n${head}kind: Node\nmetadata:\n  <<: *base\n  name: n\n`,
    /yaml: the value of 'a' must be text: write '1.1' in quotes/,
  ],
  ['nesting without end', '['.repeat(5000), /line 1: column 100: nesting exceeded maxDepth/],
  ['aliases without end', bomb(), /aliases make more than 1000000 values of the document/],
  ['an object of nothing', `${head}kind: Constructor\nmetadata: {name: a}\n`, /unknown resource type \(Constructor\)/],
  [
    'a field that every object has',
    `${head}kind: IPPool\nmetadata: {name: a}\nspec: {cidr: 10.9.0.0/16, constructor: {a: 1}}\n`,
    /unknown field "constructor" in spec/,
  ],
  [
    'a field that no object has',
    `${head}kind: IPPool\nmetadata: {name: a}\nspec: {cidr: 10.9.0.0/16, __proto__: {disabled: true}}\n`,
    /unknown field "__proto__" in spec/,
  ],
  [
    'a label that no object has',
    `${head}kind: IPPool\nmetadata: {name: a, labels: {__proto__: l}}\nspec: {cidr: 10.9.0.0/16}\n`,
    /__proto__ = 'l' \(is no name of a field\)/,
  ],
];

t.test('what YAML would silently make something else of is refused, with its place', async (t) => {
  const cluster = new Cluster();
  for (const [what, text, says] of mistakes) {
    const { code, stderr } = await cluster.run('apply -f -', text);
    t.equal(code, 1, what);
    t.match(stderr, says, what);
    t.ok(stderr.length < 2000, `${what}: and not at length`);
  }
  t.same((await cluster.store.list('IPPool')).items, []);
});

t.test('names of fields are read in any case', async (t) => {
  const cluster = new Cluster();
  const text = 'ApiVersion: projectcalico.org/v3\nKind: IPPool\nMetadata: {Name: a}\nSpec: {CIDR: 10.9.0.0/16}\n';
  t.match(await cluster.run('apply -f -', text), { code: 0 });
  t.match((await cluster.store.get({ kind: 'IPPool', name: 'a' }))?.spec, { cidr: '10.9.0.0/16' });
});

t.test('an object too large for any store is refused, and not printed', async (t) => {
  const cluster = new Cluster();
  const text = `${head}kind: BGPPeer\nmetadata: {name: a}\nspec: {peerIP: "${'a'.repeat(5_000_000)}"}\n`;
  const { code, stderr } = await cluster.run('apply -f -', text);
  t.equal(code, 1);
  t.match(stderr, /Resource \(too large: it holds more than 4194304 characters of text\)/);
  t.ok(stderr.length < 1000);
});

function bomb(): string {
  const lines = Array.from(
    { length: 9 },
    (_, at) => `a${at}: &a${at} [${Array(9).fill(at === 0 ? 'x' : `*a${at - 1}`)}]`,
  );
  return `${lines.join('\n')}\n`;
}

t.test('numbers are read as Go reads them, with an exponent in each of its forms', async (t) => {
  const cluster = new Cluster();
  const tier = (order: string): string =>
    `{"apiVersion":"projectcalico.org/v3","kind":"Tier","metadata":{"name":"a"},"spec":{"order":${order}}}`;
  for (const [order, meaning] of [
    ['1e3', 1000],
    ['2.5E2', 250],
    ['1e+3', 1000],
    ['-5e-1', -0.5],
  ] as const) {
    t.match(await cluster.run('apply -f -', tier(order)), { code: 0 }, order);
    t.equal((await cluster.store.get({ kind: 'Tier', name: 'a' }))?.spec.order, meaning, order);
  }
  for (const order of ['1e400', '1e+400']) {
    t.match(await cluster.run('apply -f -', tier(order)), {
      code: 1,
      stderr: /cannot unmarshal string into Go struct field TierSpec\.spec\.order/,
    });
  }
});
