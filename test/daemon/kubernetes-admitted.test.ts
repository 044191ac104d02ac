import { readFileSync } from 'node:fs';
import t from 'tap';
import { parse } from 'yaml';
import { systemClock } from '../../src/base/index.ts';
import { KubernetesStore } from '../../src/datastore/kubernetes/index.ts';
import { until } from '../../src/lab/until.ts';
import { definitions } from '../fakes/api-server/definitions.ts';
import { ApiServer } from '../fakes/api-server/index.ts';
import { loneDaemon } from './lone-daemon.ts';

interface Row {
  readonly kind: string;
  readonly name: string;
  readonly spec: object;
  readonly faults: readonly string[];
}

const file = new URL('../datastore/kubernetes/admission.yaml', import.meta.url);
const admitted = (parse(readFileSync(file, 'utf8')) as readonly Row[]).filter(({ faults }) => faults.length === 0);

/** Who is to mend them finds them in the status, with the field and the reason. */
const REFUSED = [
  ...['bs-small', 'default.long', 'host-bits', 'linklocal', 'list-for-cidr', 'null-spec'],
  ...['peer1', 'peer3', 'sel', 'without-spec', 'zeros-in-front'],
];
const TAKEN = ['good', 'nulls', 'overlap', 'unknownfield'];

t.test('what the API server lets in and we refuse is named, and harms nothing else', async (t) => {
  const server = await ApiServer.start();
  server.objects.create({ resource: 'nodes', namespace: undefined }, { metadata: { name: 'n1' } });
  server.objects.create({ resource: 'namespaces', namespace: undefined }, { metadata: { name: 'default' } });
  const store = new KubernetesStore({ type: 'kubernetes', apiEndpoint: server.url });
  const { daemon } = await loneDaemon(t, { engine: { type: 'kubernetes', store } });
  t.teardown(() => server.stop());
  for (const { kind, name, spec } of admitted) {
    const [resource] = [...definitions].find(([, definition]) => definition.spec.names.kind === kind)!;
    server.objects.create({ resource, namespace: undefined }, { kind, metadata: { name }, spec });
  }
  const named = (): string[] => [
    ...new Set(daemon.status().problems.flatMap((text) => text.match(/(?<=^\w+\()[^)]+/) ?? [])),
  ];
  await until(systemClock, 'all that is refused to be named', async () => named().length >= REFUSED.length);
  t.same(named().sort(), REFUSED);
  t.same(
    admitted
      .map(({ name }) => name)
      .filter((name) => !REFUSED.includes(name))
      .sort(),
    TAKEN,
  );
  t.equal(daemon.status().serving, true, 'what is wrong harms nothing else');
});
