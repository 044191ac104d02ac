import t from 'tap';
import { silentLog, systemClock, VirtualClock } from '../../src/base/index.ts';
import { readConfig } from '../../src/daemon/config.ts';
import { DatastoreLock, MemoryStore, type Store, type Update } from '../../src/datastore/index.ts';
import { untilRegistered } from '../../src/keeping/registration.ts';
import { until } from '../../src/lab/until.ts';
import { type ClusterInformation, newResource } from '../../src/model/index.ts';
import { FakeMachine } from '../fakes/fake-kernel.ts';
import { loneDaemon } from './lone-daemon.ts';

const KEY = { kind: 'ClusterInformation', name: 'default' } as const;

function ready(datastoreReady: boolean | undefined): Update {
  return { key: KEY, resource: newResource('ClusterInformation', { name: 'default' }, { datastoreReady }) };
}

function pool(name: string, cidr?: string): Update {
  return {
    key: { kind: 'IPPool', name },
    resource: cidr === undefined ? undefined : newResource('IPPool', { name }, { cidr }),
  };
}

async function setReady(store: Store, datastoreReady: boolean): Promise<void> {
  const found = await store.get(KEY);
  await store.update<'ClusterInformation'>({
    ...found!,
    spec: { ...found!.spec, datastoreReady },
  } as ClusterInformation);
}

t.test('what changes while the datastore is locked is acted on afterwards, the last word of each object', async (t) => {
  const lock = new DatastoreLock(silentLog);
  const store = lock.guarded(new MemoryStore());
  const create = (name: string): Promise<unknown> =>
    store.create(newResource('IPPool', { name }, { cidr: '10.0.0.0/16' }));
  t.same(lock.admitted([pool('a', '10.0.0.0/16'), ready(undefined)]).length, 2, 'not locked: nothing said');
  await t.resolves(create('a'));
  t.same(lock.admitted([pool('b', '10.1.0.0/16'), ready(false)]), []);
  t.match(lock.problem(), /^Calico is currently not ready to process requests: .*migrate unlock/);
  await t.rejects(create('b'), { code: 'LOCKED', message: /not ready to process requests/ });
  await t.rejects(store.delete({ kind: 'IPPool', name: 'a' }), { code: 'LOCKED' });
  t.ok(await store.get({ kind: 'IPPool', name: 'a' }), 'it may be read');
  t.same(lock.admitted([pool('a'), pool('b', '10.2.0.0/16')]), []);
  t.same(lock.admitted([pool('a', '10.3.0.0/16')]), []);
  const all = lock.admitted([ready(true), pool('c', '10.4.0.0/16')]);
  t.same(
    all.map(({ key, resource }) => [key.name, resource?.kind === 'IPPool' ? resource.spec.cidr : undefined]),
    [
      ['b', '10.2.0.0/16'],
      ['a', '10.3.0.0/16'],
      ['default', undefined],
      ['c', '10.4.0.0/16'],
    ],
  );
  t.same(lock.admitted([pool('c')]).length, 1);
  t.equal(lock.problem(), undefined);
  await t.resolves(create('b'));
});

t.test('a node does not begin in a locked datastore', async (t) => {
  const [clock, store] = [new VirtualClock(), new MemoryStore()];
  await store.create(
    newResource('ClusterInformation', { name: 'default' }, { clusterGUID: 'a', datastoreReady: false }),
  );
  const machine = new FakeMachine();
  machine.addNamespace('/host');
  const told: (readonly [string, boolean])[] = [];
  const config = await readConfig({ NODENAME: 'n1', IP: '10.0.0.1/24' });
  const registered = untilRegistered(
    { config, store, kernel: machine.kernel('/host'), log: silentLog },
    { clock, signal: new AbortController().signal, told: (reason, isAway) => void told.push([reason, isAway]) },
  );
  while (told.length < 3) await clock.advanceAsync(1000);
  t.match(told[0], [/datastore is locked/, true], 'it goes on with what it knew');
  t.same((await store.list('Node')).items, []);
  t.same((await store.list('Tier')).items, [], 'nothing is written');
  await setReady(store, true);
  for (let i = 0; i < 10; i++) await clock.advanceAsync(1000);
  t.equal((await registered).metadata.name, 'n1');
});

t.test('a running node keeps its pods, and others have to wait until the end of the lock', async (t) => {
  const { store, daemon, add, del } = await loneDaemon(t);
  const address = await add('one');
  await setReady(store, false);
  const comes = (what: string, holds: () => boolean): Promise<boolean> => until(systemClock, what, async () => holds());
  await comes('the lock', () => daemon.status().serving === false);
  t.match(daemon.status(), { ready: false, problems: [/datastore is locked/] });
  await t.rejects(add('two'), { code: 'NOT_READY', cniCode: 11, message: /not ready to process requests/ });
  await t.rejects(del('one'), { code: 'NOT_READY', cniCode: 11 });
  for (const { metadata } of (await store.list('IPAMBlock')).items)
    await store.delete({ kind: 'IPAMBlock', name: metadata.name });
  for (const { metadata } of (await store.list('WorkloadEndpoint')).items) {
    await store.delete({ kind: 'WorkloadEndpoint', name: metadata.name, namespace: metadata.namespace });
  }
  await new Promise((resolve) => setImmediate(resolve));
  t.equal(daemon.status().endpoints?.desired, 1, `${address} is still routed`);
  t.equal(daemon.status().blocks.length, 1, 'and its block announced');
  await setReady(store, true);
  await comes('the end of the lock', () => daemon.status().serving === true);
  await comes('what went meanwhile', () => daemon.status().endpoints?.desired === 0);
  t.ok(await add('two'));
});
