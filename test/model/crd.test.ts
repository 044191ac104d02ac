import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { crdManifests } from '../../deploy/crds.ts';
import { describedFields } from '../../src/model/crd/descriptions/index.ts';
import { crdKinds, definitionOf } from '../../src/model/index.ts';

const folder = join(import.meta.dirname, '../../deploy/crds');

t.test('the manifests are those that the schemas make (node deploy/crds.ts writes them)', async (test) => {
  const made = crdManifests();
  test.same(readdirSync(folder).sort(), [...made.keys()].sort());
  for (const [name, text] of made) test.equal(readFileSync(join(folder, name), 'utf8'), text, name);
});

t.test("every stored kind has a definition, under Calico's names", async (test) => {
  const names = [...crdManifests().values()].map((text) => parse(text).spec.names.plural);
  test.same(names.sort(), crdKinds.map((kind) => definitionOf(kind).crd?.plural ?? definitionOf(kind).plural).sort());
});

t.test('the schemas are structural: each value has one type, or is an integer or text', async (test) => {
  for (const [name, text] of crdManifests()) {
    check(parse(text).spec.versions[0].schema.openAPIV3Schema, name, (problem) => test.fail(problem));
  }
  test.pass('all of them');
});

t.test('kubectl explain has a word about every kind and field', async (test) => {
  const said = new Set<unknown>();
  for (const [name, text] of crdManifests()) {
    const { description, properties } = parse(text).spec.versions[0].schema.openAPIV3Schema;
    test.type(description, 'string', name);
    for (const field of ['spec', 'status']) {
      for (const [path, word] of descriptions(properties[field], field)) {
        said.add(word);
        if (typeof word !== 'string' || !/^[A-Z].*\.$/.test(word)) test.fail(`${name}: ${path} is not described`);
      }
    }
  }
  for (const [field, word] of Object.entries(describedFields)) test.ok(said.has(word), `${field} is one of a kind`);
});

t.test('a set is of scalars or of whole objects', async (test) => {
  for (const [name, text] of crdManifests()) {
    const { properties } = parse(text).spec.versions[0].schema.openAPIV3Schema;
    for (const { items, ...list } of sets(properties.spec)) {
      const whole = items.type !== 'object' || items['x-kubernetes-map-type'] === 'atomic';
      test.ok(whole && list['type'] === 'array', name);
    }
  }
});

type Schema = Record<string, unknown>;

function sets(schema: Schema): readonly (Schema & { readonly items: Schema })[] {
  const members = [...Object.values((schema['properties'] ?? {}) as Schema), ...[schema['items'] ?? []].flat()];
  const own = schema['x-kubernetes-list-type'] === 'set' ? [schema as Schema & { readonly items: Schema }] : [];
  return [...own, ...members.flatMap((member) => sets(member as Schema))];
}

function descriptions(schema: Schema, path: string): readonly (readonly [path: string, text: unknown])[] {
  const fields = (schema['properties'] ?? (schema['items'] as Schema | undefined)?.['properties'] ?? {}) as Schema;
  return Object.entries(fields)
    .flatMap(([name, field]) => descriptions(field as Schema, `${path}.${name}`))
    .concat([[path, schema['description']]]);
}

/** The rules of https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/. */
function check(schema: Schema, place: string, wrong: (problem: string) => void): void {
  const allowed = [
    ...[
      'description',
      'type',
      'format',
      'enum',
      'pattern',
      'properties',
      'required',
      'items',
      'additionalProperties',
      'nullable',
    ],
    ...['minimum', 'maximum', 'minItems', 'maxItems', 'minLength', 'maxLength'],
    ...['default', 'x-kubernetes-preserve-unknown-fields', 'x-kubernetes-int-or-string'],
    ...['x-kubernetes-validations', 'x-kubernetes-list-type', 'x-kubernetes-map-type'],
  ];
  for (const key of Object.keys(schema)) if (!allowed.includes(key)) wrong(`${place}: ${key}`);
  const marked = schema['x-kubernetes-preserve-unknown-fields'] || schema['x-kubernetes-int-or-string'];
  if (!marked && !['object', 'array', 'string', 'integer', 'number', 'boolean'].includes(String(schema['type']))) {
    wrong(`${place} has no type`);
  }
  if (schema['properties'] && schema['additionalProperties']) wrong(`${place} has both properties and others`);
  for (const [name, member] of Object.entries((schema['properties'] as Schema | undefined) ?? {})) {
    check(member as Schema, `${place}.${name}`, wrong);
  }
  for (const part of ['items', 'additionalProperties']) {
    if (schema[part] !== undefined) check(schema[part] as Schema, `${place}.${part}`, wrong);
  }
}
