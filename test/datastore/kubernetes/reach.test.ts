import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { VirtualClock } from '../../../src/base/index.ts';
import { type KindStatus, Syncer, type SyncStatus, type Update } from '../../../src/datastore/index.ts';
import { KubernetesStore } from '../../../src/datastore/kubernetes/index.ts';
import { newResource } from '../../../src/model/index.ts';
import { names, pool } from '../../contracts/store.ts';
import { ApiServer } from '../../fakes/api-server/index.ts';
import { Followed } from '../followed.ts';

t.test('a kubeconfig is read from a file, from text, and by context', async (test) => {
  const server = await ApiServer.start({ token: 'right' });
  test.teardown(() => server.stop());
  const folder = mkdtempSync(join(tmpdir(), 'vrt-kube-'));
  test.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'config');
  writeFileSync(file, kubeconfig(server.url));
  const open = (config: object): KubernetesStore => {
    const store = new KubernetesStore({ type: 'kubernetes', ...config });
    test.teardown(() => store.close());
    return store;
  };
  await open({ kubeconfig: file }).create(pool('one'));
  test.same(names((await open({ kubeconfigInline: kubeconfig(server.url) }).list('IPPool')).items), ['one']);
  test.ok(await open({ apiEndpoint: server.url, token: 'right' }).get({ kind: 'IPPool', name: 'one' }));
  const stranger = open({ kubeconfig: file, context: 'stranger' });
  await test.rejects(stranger.list('IPPool'), { code: 'UNAUTHORIZED', message: /connection is unauthorized/ });
  const config = { code: 'CONFIG' };
  test.throws(() => open({ kubeconfig: join(folder, 'none') }), { ...config, message: /there is no file .*none/ });
  test.throws(() => open({ kubeconfig: file, context: 'typo' }), { ...config, message: /'typo'.*right, stranger/ });
});

t.test('through an outage and a compaction a syncer keeps what it knows, and catches up', async (test) => {
  const server = await ApiServer.start();
  test.teardown(() => server.stop());
  const store = new KubernetesStore({ type: 'kubernetes', apiEndpoint: server.url });
  const followed = new Followed(test, store);
  const { known, statuses } = followed;
  await store.create(pool('kept'));
  await store.create(pool('goes'));
  followed.syncer.start();
  await followed.until(() => statuses.includes('in-sync'));
  server.refuseWith = 503;
  server.cut();
  await followed.until(() => followed.status === 'wait');
  test.same([...known], ['goes', 'kept']);
  const [status] = followed.syncer.status() as [KindStatus];
  test.match(status, { failure: /.+/, objects: 2 });
  server.objects.delete({ resource: 'ippools.crd.projectcalico.org', namespace: undefined }, 'goes', {});
  server.objects.compact();
  server.refuseWith = undefined;
  await followed.until(() => !known.has('goes') && followed.status === 'in-sync');
  test.same([...known], ['kept']);
});

t.test('after an outage in which nothing changed a syncer is in sync without waiting for a bookmark', async (test) => {
  const server = await ApiServer.start();
  const clock = new VirtualClock();
  const store = new KubernetesStore({ type: 'kubernetes', apiEndpoint: server.url }, clock);
  const statuses: SyncStatus[] = [];
  const onStatus = (status: SyncStatus): unknown => statuses.push(status);
  const syncer = new Syncer({ store, kinds: ['IPPool'], onUpdates: () => {}, onStatus, clock });
  test.teardown(async () => {
    await store.close();
    await syncer.stop();
    await server.stop();
  });
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) {
      await clock.advanceAsync(100);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  syncer.start();
  await until(() => server.requests.includes('WATCH /apis/crd.projectcalico.org/v1/ippools'));
  server.refuseWith = 503;
  server.cut();
  await until(() => statuses.at(-1) === 'wait');
  server.refuseWith = undefined;
  const away = clock.now();
  await until(() => statuses.at(-1) === 'in-sync');
  test.ok(clock.now() - away < 30_000, 'well before the first bookmark of a minute later');
  test.equal(server.requests.filter((line) => line.startsWith('GET')).length, 2, 'only its newest revision is asked');
});

for (const how of ['with a restart of the server', 'behind its back'] as const) {
  t.test(`after its etcd was restored from a backup, ${how}, all is listed again`, async (test) => {
    const clock = new VirtualClock();
    const server = await ApiServer.start({ clock });
    const store = new KubernetesStore({ type: 'kubernetes', apiEndpoint: server.url }, clock);
    const known = new Map<string, unknown>();
    const kinds = ['IPPool', 'Profile', 'IPReservation'] as const;
    const onUpdates = (batch: readonly Update[]): void => {
      for (const { key, resource } of batch) {
        if (resource === undefined) known.delete(key.name);
        else known.set(key.name, resource.spec);
      }
    };
    let status: SyncStatus | undefined;
    const syncer = new Syncer({ store, kinds, onUpdates, onStatus: (now) => (status = now), clock });
    test.teardown(async () => {
      await store.close();
      await syncer.stop();
      await server.stop();
    });
    const until = async (condition: () => boolean): Promise<void> => {
      while (!condition()) {
        await clock.advanceAsync(100);
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const namespaces = { resource: 'namespaces', namespace: undefined };
    await store.create(pool('kept'));
    server.objects.create(namespaces, { metadata: { name: 'kept' } });
    syncer.start();
    await until(() => status === 'in-sync');
    const backup = server.objects.backup();
    server.objects.create(namespaces, { metadata: { name: 'never' } });
    await store.create(pool('never'));
    await store.update(pool('kept', { disabled: true }));
    await until(() => known.has('never') && known.has('kns.never'));
    server.objects.restore(backup);
    // Every watch is in the future, or at a revision that now is another's.
    await store.update(pool('kept', { natOutgoing: true }));
    if (how === 'with a restart of the server') server.cut();
    else server.mute();
    const from = clock.now();
    await until(() => !known.has('never') && !known.has('kns.never') && status === 'in-sync');
    test.match(known.get('kept'), { natOutgoing: true });
    test.ok(clock.now() - from < 150_000, `${clock.now() - from}`);
    await store.create(pool('after'));
    server.objects.create(namespaces, { metadata: { name: 'after' } });
    await until(() => known.has('after') && known.has('kns.after'));
    const asked = server.requests.length;
    await until(() => clock.now() - from > 600_000);
    const lists = server.requests.slice(asked).filter((line) => line.startsWith('GET'));
    test.ok(lists.length <= 11, `one question a minute: ${lists.length}`);
  });
}

/** A store and a syncer on a server, all by one clock that goes on while something is waited for. */
async function clocked(test: Test) {
  const clock = new VirtualClock();
  const server = await ApiServer.start({ clock });
  const store = new KubernetesStore({ type: 'kubernetes', apiEndpoint: server.url }, clock);
  const statuses: SyncStatus[] = [];
  const onStatus = (status: SyncStatus): unknown => statuses.push(status);
  const syncer = new Syncer({ store, kinds: ['IPPool', 'Node'], onUpdates: () => {}, onStatus, clock });
  test.teardown(async () => {
    await store.close();
    await syncer.stop();
    await server.stop();
  });
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) {
      await clock.advanceAsync(100);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { clock, server, store, syncer, statuses, until };
}

t.test('connections that nobody answers are given up, and the syncer goes on when somebody does', async (test) => {
  const { clock, server, syncer, statuses, until } = await clocked(test);
  server.isHanging = true;
  syncer.start();
  await until(() => syncer.status().some(({ failure }) => failure !== undefined));
  test.match(syncer.status()[0].failure, /no answer in 15000 ms/);
  server.isHanging = false;
  await until(() => statuses.at(-1) === 'in-sync');
  server.isHanging = true;
  server.cut();
  const from = clock.now();
  await until(() => syncer.status().every(({ failure }) => failure !== undefined));
  test.ok(clock.now() - from < 60_000, 'a watch that never opens, too');
  server.isHanging = false;
  await until(() => statuses.at(-1) === 'in-sync');
  test.equal(syncer.status()[0].failure, undefined);
});

t.test('a server that was just started forbids for a second what it allows', async (test) => {
  const { clock, server, store, syncer, statuses, until } = await clocked(test);
  const done = async <Value>(work: Promise<Value>): Promise<Value> => {
    let over = false;
    const end = (): void => {
      over = true;
    };
    work.then(end, end);
    await until(() => over);
    return work;
  };
  server.refuseWith = 403;
  await test.rejects(store.create(pool('one')), { code: 'UNAUTHORIZED' }, 'who never was allowed is told at once');
  server.refuseWith = undefined;
  await store.create(pool('one'));
  syncer.start();
  await until(() => statuses.at(-1) === 'in-sync');
  server.cut();
  server.refuseWith = 403;
  const from = clock.now();
  clock.after(1000, () => {
    server.refuseWith = undefined;
  });
  await done(store.create(pool('two')));
  await until(() => statuses.at(-1) === 'in-sync');
  test.ok(clock.now() - from < 20_000);
  server.refuseWith = 403;
  await test.rejects(done(store.create(pool('three'))), { code: 'UNAUTHORIZED' }, 'a right that was taken away');
});

t.test('a listing of many objects comes in pages', async (test) => {
  const server = await ApiServer.start();
  test.teardown(() => server.stop());
  const place = { resource: 'ipreservations.crd.projectcalico.org', namespace: undefined };
  for (let at = 0; at < 1234; at++) server.objects.create(place, { metadata: { name: `r${at}` }, spec: {} });
  const store = new KubernetesStore({ type: 'kubernetes', apiEndpoint: server.url });
  test.teardown(() => store.close());
  test.equal((await store.list('IPReservation')).items.length, 1234);
  test.equal(server.requests.length, 3);
});

t.test('a cluster without our kinds says what to do', async (test) => {
  const server = await ApiServer.start();
  server.unknown.add('ipreservations.crd.projectcalico.org');
  test.teardown(() => server.stop());
  const store = new KubernetesStore({ type: 'kubernetes', apiEndpoint: server.url });
  test.teardown(() => store.close());
  const message = /doesn't know this kind.*apply deploy\/crds/;
  const made = store.create(newResource('IPReservation', { name: 'r' }, {}));
  await test.rejects(made, { code: 'NOT_FOUND', message });
  await test.rejects(store.list('IPReservation'), { code: 'UNAVAILABLE', message });
});

t.test('a cluster with the definitions of Calico alone does without the kinds that are added to them', async (test) => {
  const server = await ApiServer.start();
  server.unknown.add('bfdconfigurations.crd.projectcalico.org');
  test.teardown(() => server.stop());
  const store = new KubernetesStore({ type: 'kubernetes', apiEndpoint: server.url });
  test.teardown(() => store.close());
  test.same((await store.list('BFDConfiguration')).items, []);
  await test.rejects(store.create(newResource('BFDConfiguration', { name: 'b' }, {})), { code: 'NOT_FOUND' });
});

function kubeconfig(server: string): string {
  return `
apiVersion: v1
kind: Config
current-context: right
clusters: [{ name: c, cluster: { server: "${server}", insecure-skip-tls-verify: true } }]
users: [{ name: right, user: { token: right } }, { name: stranger, user: { token: wrong } }]
contexts:
- { name: right, context: { cluster: c, user: right } }
- { name: stranger, context: { cluster: c, user: stranger } }
`;
}
