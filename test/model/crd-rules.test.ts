import t from 'tap';
import { crdKinds, definitionOf, type KindName } from '../../src/model/index.ts';
import { isAboutChange } from '../fakes/api-server/cel.ts';
import { definitions } from '../fakes/api-server/definitions.ts';
import { faultsOf, type Schema, withDefaults } from '../fakes/api-server/schema.ts';
import { accepted, badCidrs, broken, repeated } from './crd-cases.ts';

/** Schemas of specs, as an API server has them. */
function specOf(kind: KindName): Schema {
  const { crd, plural } = definitionOf(kind);
  const definition = definitions.get(`${crd?.plural ?? plural}.crd.projectcalico.org`);
  return definition!.spec.versions[0].schema.openAPIV3Schema.properties!['spec'];
}

interface PlacedRule {
  readonly rule: string;
  readonly message: string;
  readonly place: string;
}

function rulesIn(schema: Schema, place: string): readonly PlacedRule[] {
  const own = (schema['x-kubernetes-validations'] ?? []).map((rule) => ({ ...rule, place }));
  const inner = Object.entries(schema.properties ?? {}).flatMap(([name, member]) =>
    rulesIn(member, `${place}.${name}`),
  );
  return [...own, ...inner, ...(schema.items === undefined ? [] : rulesIn(schema.items, `${place}[0]`))];
}

/** What an API server says of a spec. */
function textsOf(kind: KindName, spec: unknown, before: unknown): readonly string[] {
  return faultsOf(specOf(kind), spec, before, 'spec').map(({ field, message }) => `${field}: ${message}`);
}

t.test('what breaks a rule is refused by an API server and by our own schema alike', async (t) => {
  for (const { kind, spec, message, before } of broken) {
    const faults = textsOf(kind, withDefaults(specOf(kind), spec), before);
    t.ok(
      faults.some((fault) => message.test(fault)),
      `${kind}: ${message.source}: ${faults}`,
    );
    const ours = definitionOf(kind).spec.safeParse(spec);
    if (before === undefined) t.notOk(ours.success, `${kind}: ${message.source}`);
    else t.ok(ours.success, 'only the change is wrong');
  }
});

t.test('every rule of every definition has such a case', async (t) => {
  for (const kind of crdKinds) {
    for (const { rule, message, place } of rulesIn(specOf(kind), 'spec')) {
      const isBroken = broken.some(
        (each) =>
          each.kind === kind &&
          isAboutChange(rule) === (each.before !== undefined) &&
          textsOf(kind, each.spec, each.before).some(
            (fault) => fault.startsWith(`${place}: `) && fault.endsWith(message),
          ),
      );
      t.ok(isBroken, `${kind} ${place}: ${message}`);
    }
  }
});

t.test('what built-in tiers always do is held to by their names', async (t) => {
  const whole = definitions.get('tiers.crd.projectcalico.org')!.spec.versions[0].schema.openAPIV3Schema;
  const faults = (name: string, spec: object): readonly string[] =>
    faultsOf(whole, { metadata: { name }, spec }, undefined).map(({ message }) => message);
  t.match(faults('default', { defaultAction: 'Pass' }), [/must have default action 'Deny'/]);
  t.match(faults('kube-admin', { defaultAction: 'Deny' }), [/must have default action 'Pass'/]);
  t.match(faults('kube-baseline', { defaultAction: 'Deny' }), [/must have default action 'Pass'/]);
  t.same(faults('default', { defaultAction: 'Deny', order: 1_000_000 }), []);
  t.same(faults('default', { order: 1_000_000 }), []);
  t.same(faults('security', { defaultAction: 'Pass' }), []);
});

t.test('what both must accept', async (t) => {
  for (const [kind, spec] of accepted) {
    t.strictSame(textsOf(kind, withDefaults(specOf(kind), spec), undefined), [], kind);
    t.ok(definitionOf(kind).spec.safeParse(spec).success, kind);
  }
});

t.test('a bad CIDR is refused wherever one stands, and defaults are filled in', async (t) => {
  for (const [kind, spec] of badCidrs) t.match(textsOf(kind, spec, undefined)[0], /must be of type cidr/);
  t.strictSame(withDefaults(specOf('IPPool'), { cidr: '10.0.0.0/16', vxlanMode: 'Always' }), {
    cidr: '10.0.0.0/16',
    vxlanMode: 'Always',
    ipipMode: 'Never',
    assignmentMode: 'Automatic',
  });
});

t.test('an API server refuses what is twice in a set', async (t) => {
  for (const [kind, spec] of repeated) {
    t.match(textsOf(kind, spec, undefined).join(), /Duplicate value/, `${kind} ${JSON.stringify(spec)}`);
  }
});
