import t from 'tap';
import { admitCustom, type Definition, definitions } from '../../fakes/api-server/definitions.ts';
import { Refusal } from '../../fakes/api-server/refusal.ts';
import { CrdServer, causesOf, GROUP } from '../crd-server.ts';
import { type Variant, variantsOf } from './variants.ts';

/** The tests' own API server beside Kubernetes', on every field of every kind with values around its bounds. */

const server = await CrdServer.start();
await server.define();
t.teardown(() => server.stop());
t.setTimeout(600_000);

/** What Go says of a fraction where a whole number is due beside the fault that ours says, too. */
const besides = /^<nil>: Invalid value: "": Checked value must be of type integer/;

async function differenceOf(
  { spec: { names, scope }, metadata: { name: resource } }: Definition,
  { what, value }: Variant,
  given: object = {},
): Promise<string | undefined> {
  const namespace = scope === 'Namespaced' ? 'x' : undefined;
  const object = { apiVersion: `${GROUP}/v1`, kind: names.kind, metadata: { name: 'x' }, spec: value, ...given };
  const path = `/apis/${GROUP}/v1/${namespace === undefined ? '' : `namespaces/${namespace}/`}${names.plural}`;
  const answer = await server.ask('POST', `${path}?dryRun=All`, object);
  const theirs =
    answer.status === 201
      ? [JSON.stringify(sorted(answer.body['spec']))]
      : causesOf(answer).filter((cause) => !besides.test(cause));
  const [said, due] = [oursOf({ resource, namespace }, object), theirs].map((all) => [...all].sort().join('\n'));
  return said === due ? undefined : `${names.kind} ${what}: ours ${said}, theirs ${due}`;
}

function oursOf(
  place: { readonly resource: string; readonly namespace: string | undefined },
  object: Record<string, unknown>,
) {
  try {
    return [JSON.stringify(sorted(admitCustom(place, object, undefined)['spec']))];
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return causesOf({ status: error.code, body: error.body as Readonly<Record<string, unknown>> });
  }
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(members.map(([name, member]) => [name, sorted(member)]));
}

/** Where Go's check lets a list pass for a text, rules that then ask it as a text can't be answered. */
const isBeyondOurs = (kind: string, { what }: Variant): boolean =>
  kind === 'BGPFilter' && what.endsWith('.cidr: a list');

t.test('both say the same of every variant of every field', async (t) => {
  for (const definition of definitions.values()) {
    const { kind } = definition.spec.names;
    const spec = definition.spec.versions[0].schema.openAPIV3Schema.properties!['spec'];
    const waiting = variantsOf(spec).filter((variant) => !isBeyondOurs(kind, variant));
    const count = waiting.length;
    const differences: string[] = [];
    const worker = async (): Promise<void> => {
      for (let variant = waiting.pop(); variant !== undefined; variant = waiting.pop()) {
        const difference = await differenceOf(definition, variant);
        if (difference !== undefined) differences.push(difference);
      }
    };
    await Promise.all([worker(), worker(), worker(), worker()]);
    t.strictSame(differences.slice(0, 5), [], `${kind}: ${count} variants`);
  }
});

t.test('both say the same of names, labels and kinds', async (t) => {
  const labels = [
    ...['a b', 'a/b/c', 'A.b/c', 'example.org/', '/a', '-a', 'a'.repeat(64)].map((key) => ({ [key]: 'v' })),
    ...['a b', 'é', '-a', 'a'.repeat(64)].map((value) => ({ 'example.org/a': value })),
    ...[{ a: '' }, { 'example.org/A_b.c': 'D_e.f' }],
  ].map((one) => ({ metadata: { name: 'x', labels: one } }));
  const names = ['A', 'a_b', 'a..b', '-a', 'a.b-c', 'a'.repeat(253), 'a'.repeat(254)].map((name) => ({
    metadata: { name },
  }));
  const pools = definitions.get('ippools.crd.projectcalico.org')!;
  for (const given of [...labels, ...names]) {
    const what = JSON.stringify(given);
    t.equal(await differenceOf(pools, { what, value: { cidr: '10.0.0.0/16' } }, given), undefined, what);
  }
  const what = 'another kind';
  t.equal(await differenceOf(pools, { what, value: { cidr: '10.0.0.0/16' } }, { kind: 'BGPPeer' }), undefined);
});
