import { readFileSync } from 'node:fs';
import t from 'tap';
import { EFFECTS, effectOf, unmetFields } from '../../src/calc/index.ts';
import { describedFields } from '../../src/model/crd/descriptions/index.ts';
import { definitionOf, kindNames } from '../../src/model/index.ts';
import { shapeOf } from '../../src/model/schema.ts';

t.test('every field of every kind has an effect, or a reason for having none, and there are no others', async (t) => {
  t.same(Object.keys(EFFECTS).sort(), [...kindNames].sort());
  for (const kind of kindNames) {
    const fields = Object.keys(shapeOf(definitionOf(kind).spec) ?? {}).sort();
    t.ok(fields.length > 0, kind);
    const effects = EFFECTS[kind];
    if (typeof effects['kind'] !== 'string') t.same(Object.keys(effects).sort(), fields, kind);
    for (const field of fields) {
      const effect = effectOf(kind, field);
      t.ok(effect?.kind === 'acted on' || (effect?.why.length ?? 0) > 10, `${kind} ${field}`);
    }
  }
  t.equal(effectOf('BGPPeer', 'constructor'), undefined);
});

t.test('the page for users names every field of the settings that is acted on', async (t) => {
  const page = readFileSync('docs/calico.md', 'utf8');
  for (const kind of ['BGPConfiguration', 'BGPPeer', 'IPPool', 'FelixConfiguration'] as const) {
    for (const field of Object.keys(EFFECTS[kind])) {
      if (effectOf(kind, field)?.kind !== 'acted on') continue;
      t.ok(page.includes(`\`${field}\``) || page.includes(`\`${field.replace(/V6$/, '')}\``), `${kind} ${field}`);
    }
  }
});

t.test('kubectl explain says of every setting that is acted on what it does', async (t) => {
  for (const field of Object.keys(EFFECTS.FelixConfiguration)) {
    if (effectOf('FelixConfiguration', field)?.kind !== 'acted on') continue;
    t.ok(
      [field, `FelixConfiguration.${field}`].some((name) => Object.hasOwn(describedFields, name)),
      field,
    );
  }
});

/** Values that are to protect something, and such as ask for nothing. */
const VALUES = [
  ['FelixConfiguration', { prometheusMetricsCertFile: '/c' }, { prometheusMetricsCertFile: '' }],
  ['FelixConfiguration', { prometheusMetricsKeyFile: '/k' }, {}],
  ['FelixConfiguration', { prometheusMetricsCAFile: '/a' }, {}],
  ['FelixConfiguration', { prometheusMetricsClientAuth: 'RequireAndVerifyClientCert' }, {}],
  ['FelixConfiguration', { prometheusMetricsHost: '127.0.0.1' }, { prometheusMetricsHost: '' }],
  ['FelixConfiguration', { policySyncPathPrefix: '/var/run/nodeagent' }, {}],
  ['FelixConfiguration', { nodeSelector: 'all()' }, {}],
  ['FelixConfiguration', { bpfEnabled: true }, { bpfEnabled: false }],
  ['FelixConfiguration', { awsSrcDstCheck: 'Enable' }, { awsSrcDstCheck: 'DoNothing' }],
] as const;

t.test('a field that protects and is not acted on is told of when it asks for something', async (t) => {
  for (const [kind, asks, none] of VALUES) {
    t.same(
      unmetFields(kind, asks).map(({ field }) => field),
      Object.keys(asks),
      JSON.stringify(asks),
    );
    t.same(unmetFields(kind, none), [], JSON.stringify(none));
  }
  const tried = new Set(VALUES.flatMap(([kind, asks]) => Object.keys(asks).map((field) => `${kind} ${field}`)));
  for (const kind of ['FelixConfiguration'] as const) {
    for (const field of Object.keys(EFFECTS[kind])) {
      if (effectOf(kind, field)?.kind === 'unmet') t.ok(tried.has(`${kind} ${field}`), `${kind} ${field} is tried`);
    }
  }
});
