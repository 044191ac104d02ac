import t, { type Test } from 'tap';
import { KubernetesStore } from '../../src/datastore/kubernetes/index.ts';
import { rehearsal } from '../../src/datastore/rehearsal.ts';
import { validate } from '../../src/model/index.ts';
import { pool } from '../contracts/store.ts';
import { ApiServer } from '../fakes/api-server/index.ts';

/** A server with a pool `there`, and a rehearsal on it. `writes` since then, as it was asked for them. */
async function rehearsed(test: Test) {
  const server = await ApiServer.start();
  const real = new KubernetesStore({ type: 'kubernetes', apiEndpoint: server.url });
  test.teardown(async () => {
    await real.close();
    await server.stop();
  });
  await real.create(pool('there'));
  const before = server.objects.backup();
  const { length } = server.requests;
  const { store, changes } = rehearsal(real);
  return {
    ...{ server, real, store, changes },
    writes: () => server.requests.slice(length).filter((line) => !line.startsWith('GET')),
    isUntouched: () => test.same(server.objects.backup(), before, 'nothing is stored'),
  };
}

const POOLS = '/apis/crd.projectcalico.org/v1/ippools';

/** Right for us, and a fault for the definition in the cluster. */
function refused(name: string) {
  const { spec, ...rest } = pool(name);
  return { ...rest, spec: { ...spec, ipipMode: 'Always', vxlanMode: 'Always' } } as const;
}

t.test('a rehearsal asks the API server, which stores nothing', async (t) => {
  const { store, changes, writes, isUntouched } = await rehearsed(t);
  await store.create(pool('new'));
  await store.update({ ...pool('there'), spec: { ...pool('there').spec, natOutgoing: true } });
  await store.delete({ kind: 'IPPool', name: 'there' });
  t.same(writes(), [`POST ${POOLS}`, `PUT ${POOLS}/there`, `DELETE ${POOLS}/there`]);
  t.same(
    changes().map(({ key, resource }) => [key.name, resource === undefined]),
    [
      ['new', false],
      ['there', true],
    ],
  );
  isUntouched();
});

t.test('what the API server would fill in is known', async (t) => {
  const { store } = await rehearsed(t);
  const { vxlanMode: _, ...spec } = pool('new').spec;
  await store.create({ ...pool('new'), spec });
  t.match(await store.get({ kind: 'IPPool', name: 'new' }), { spec: { vxlanMode: 'Never' } });
});

t.test('what the API server refuses fails with its words', async (t) => {
  const { store, isUntouched } = await rehearsed(t);
  const both = { code: 'INVALID', message: /IPIPMode and VXLANMode cannot both be enabled/ };
  await t.rejects(store.create(refused('new')), both);
  await t.rejects(store.update(refused('there')), both);
  t.equal(await store.get({ kind: 'IPPool', name: 'new' }), undefined);
  isUntouched();
});

t.test('objects that were rehearsed may be changed and go again', async (t) => {
  const { store, changes, writes, isUntouched } = await rehearsed(t);
  const made = await store.create(pool('new'));
  await store.update({ ...made, spec: { ...made.spec, disabled: true } });
  await store.delete({ kind: 'IPPool', name: 'new' });
  await store.delete({ kind: 'IPPool', name: 'there' });
  await store.create(pool('there'));
  t.same(writes(), [`POST ${POOLS}`, `POST ${POOLS}`, `DELETE ${POOLS}/there`, `PUT ${POOLS}/there`]);
  t.same(
    changes().map(({ key, resource }) => [key.name, resource === undefined]),
    [
      ['new', true],
      ['there', false],
    ],
  );
  isUntouched();
});

t.test('a rehearsal on a rehearsal asks about each write once', async (t) => {
  const { store, writes, isUntouched } = await rehearsed(t);
  await store.create(pool('first'));
  const second = rehearsal(store).store;
  await second.update({ ...pool('first'), spec: { ...pool('first').spec, disabled: true } });
  t.same(writes(), [`POST ${POOLS}`, `POST ${POOLS}`]);
  await t.rejects(second.update(refused('first')), { code: 'INVALID' });
  isUntouched();
});

t.test('what can only be changed is not made', async (t) => {
  const { store } = await rehearsed(t);
  const node = validate({ apiVersion: 'projectcalico.org/v3', kind: 'Node', metadata: { name: 'n' }, spec: {} });
  await t.rejects(store.create(node), { message: /kubelet registers nodes/ });
});
