import t from 'tap';
import { definitionOf, type KindName } from '../../../src/model/index.ts';
import { definitions } from '../../fakes/api-server/definitions.ts';
import { accepted, badCidrs, broken, repeated } from '../../model/crd-cases.ts';
import { type Answer, CrdServer, causesOf, GROUP } from '../crd-server.ts';

/** Our definitions and the rules in them, in the hands of Kubernetes' own server of custom resources. */

const server = await CrdServer.start();
const refused = await server.define();
t.teardown(() => server.stop());

function pathOf(kind: KindName): string {
  const { crd, plural, namespaced } = definitionOf(kind);
  return `/apis/${GROUP}/v1/${namespaced ? 'namespaces/x/' : ''}${crd?.plural ?? plural}`;
}

function objectOf(kind: KindName, spec: unknown, name = 'x'): object {
  return { apiVersion: `${GROUP}/v1`, kind: definitionOf(kind).crd?.kind ?? kind, metadata: { name }, spec };
}

function create(kind: KindName, spec: unknown): Promise<Answer> {
  return server.ask('POST', `${pathOf(kind)}?dryRun=All`, objectOf(kind, spec));
}

t.test('every definition is taken as it is, its rules are not too dear, and its schema is structural', async (t) => {
  t.strictSame(refused, []);
  for (const name of definitions.keys()) {
    const { body } = await server.ask('GET', `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${name}`);
    const { conditions } = body['status'] as { readonly conditions: readonly { type: string; status: string }[] };
    t.strictSame(
      conditions.map(({ type, status }) => `${type} ${status}`).sort(),
      ['Established True', 'NamesAccepted True'],
      name,
    );
  }
});

t.test('what breaks a rule is refused, and the field is named', async (t) => {
  for (const { kind, spec, message, before } of broken) {
    const place = `${pathOf(kind)}/x`;
    const made = before && (await server.ask('POST', pathOf(kind), objectOf(kind, before)));
    const metadata = made?.body['metadata'];
    const answer =
      metadata === undefined
        ? await create(kind, spec)
        : await server.ask('PUT', place, { ...objectOf(kind, spec), metadata });
    t.equal(answer.status, 422, `${kind}: ${message.source}`);
    const causes = causesOf(answer);
    t.ok(
      causes.some((cause) => cause.startsWith('spec') && message.test(cause)),
      `${kind}: ${message.source}: ${causes}`,
    );
    if (before) await server.ask('DELETE', place);
  }
});

t.test('what is sound is taken', async (t) => {
  for (const [kind, spec] of accepted) {
    const answer = await create(kind, spec);
    t.equal(answer.status, 201, `${kind} ${JSON.stringify(spec)}: ${causesOf(answer)}`);
  }
});

t.test('bad CIDRs, and the same twice in a set, are refused', async (t) => {
  for (const [kind, spec] of badCidrs) t.match(causesOf(await create(kind, spec)).join(), /must be of type cidr/);
  for (const [kind, spec] of repeated) t.match(causesOf(await create(kind, spec)).join(), /Duplicate value/);
});

t.test('built-in tiers are held to what they always do', async (t) => {
  const put = (name: string, spec: object): Promise<Answer> =>
    server.ask('POST', `${pathOf('Tier')}?dryRun=All`, objectOf('Tier', spec, name));
  for (const [name, wrong] of [
    ['default', 'Pass'],
    ['kube-admin', 'Deny'],
    ['kube-baseline', 'Deny'],
  ]) {
    const right = wrong === 'Pass' ? 'Deny' : 'Pass';
    t.match(causesOf(await put(name, { defaultAction: wrong })).join(), `must have default action '${right}'`);
    t.equal((await put(name, { defaultAction: right, order: 1_000_000 })).status, 201);
  }
  t.equal((await put('security', { defaultAction: 'Pass' })).status, 201);
});
