import t from 'tap';
import { silentLog, VirtualClock } from '../../src/base/index.ts';
import { MemoryStore, type Update } from '../../src/datastore/index.ts';
import { NodeStatuses } from '../../src/keeping/node-statuses.ts';
import { type CalicoNodeStatus, newResource } from '../../src/model/index.ts';

const NOON = Date.UTC(2026, 0, 2, 12);

/** A node that has a count of sessions to tell, and a store with what is asked of it. */
async function bench() {
  const clock = new VirtualClock(NOON);
  const store = new MemoryStore({ clock });
  const told = { sessions: 1, asked: [] as (readonly string[])[] };
  const statuses = new NodeStatuses({
    nodename: 'n1',
    store,
    clock,
    log: silentLog,
    report: async (classes) => {
      told.asked.push(classes);
      return { bgp: { numberEstablishedV4: told.sessions } };
    },
    annotate: async ({ question }) => (question === undefined ? {} : { answer: `${question}: ${told.sessions}` }),
  });
  const hear = (name: string, resource: CalicoNodeStatus | undefined): void =>
    statuses.apply([{ key: { kind: 'CalicoNodeStatus', name }, resource } as Update]);
  const ask = async (name: string, updatePeriodSeconds: number, node = 'n1') => {
    const spec = { node, classes: ['BGP'], updatePeriodSeconds } as CalicoNodeStatus['spec'];
    const made = await store.create(newResource('CalicoNodeStatus', { name }, spec));
    hear(name, made);
    return made;
  };
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  const status = async (name: string) => (await store.get({ kind: 'CalicoNodeStatus', name }))?.status;
  return { clock, store, told, statuses, hear, ask, settle, status };
}

t.test('it is answered when it is made, and then in each period when something has changed', async (t) => {
  const { clock, store, told, statuses, ask, settle, status } = await bench();
  await ask('each', 10);
  await settle();
  t.same(told.asked, [], 'nothing is told before there is something to tell');
  statuses.begin();
  await settle();
  t.same(told.asked, [['BGP']]);
  t.same(await status('each'), { bgp: { numberEstablishedV4: 1 }, lastUpdated: '2026-01-02T12:00:00Z' });
  const { revision } = await store.list('CalicoNodeStatus');
  await clock.advanceAsync(10_000);
  await settle();
  t.equal((await store.list('CalicoNodeStatus')).revision, revision, 'nothing is written where nothing has changed');
  told.sessions = 2;
  await clock.advanceAsync(10_000);
  await settle();
  t.same(await status('each'), { bgp: { numberEstablishedV4: 2 }, lastUpdated: '2026-01-02T12:00:20Z' });
  statuses.stop();
});

t.test('with a period of 0 it is answered once, and again when it asks otherwise', async (t) => {
  const { clock, told, statuses, ask, hear, settle } = await bench();
  statuses.begin();
  const made = await ask('once', 0);
  await settle();
  await clock.advanceAsync(3600_000);
  t.equal(told.asked.length, 1);
  hear('once', made);
  await settle();
  t.equal(told.asked.length, 1, 'the echo of our own write asks nothing new');
  hear('once', { ...made, spec: { ...made.spec, classes: ['Agent', 'Routes'] } });
  await settle();
  t.same(told.asked[1], ['Agent', 'Routes']);
  statuses.stop();
});

t.test('of other nodes, and of those that are gone, nothing is told', async (t) => {
  const { clock, told, statuses, ask, hear, settle } = await bench();
  statuses.begin();
  await ask('theirs', 10, 'n2');
  await ask('gone', 10);
  await settle();
  hear('gone', undefined);
  await clock.advanceAsync(100_000);
  t.equal(told.asked.length, 1);
  statuses.stop();
});

t.test('somebody else’s write in between is taken in, and the answer is written again', async (t) => {
  const { clock, store, told, statuses, ask, settle, status } = await bench();
  statuses.begin();
  const made = await ask('busy', 10);
  await settle();
  await store.update({
    ...made,
    metadata: { ...made.metadata, resourceVersion: undefined, labels: { a: 'b' } },
  } as never);
  told.sessions = 7;
  await clock.advanceAsync(10_000);
  await settle();
  await clock.advanceAsync(2000);
  await settle();
  t.match(await status('busy'), { bgp: { numberEstablishedV4: 7 } });
  t.match(await store.get({ kind: 'CalicoNodeStatus', name: 'busy' }), { metadata: { labels: { a: 'b' } } });
  statuses.stop();
});

t.test('what an annotation asks is answered in another one, once for each question', async (t) => {
  const { store, told, statuses, hear, settle } = await bench();
  statuses.begin();
  const asked = newResource('CalicoNodeStatus', { name: 'more' }, {
    node: 'n1',
    classes: ['Agent'],
    updatePeriodSeconds: 0,
  } as CalicoNodeStatus['spec']);
  const made = await store.create({ ...asked, metadata: { ...asked.metadata, annotations: { question: 'how many' } } });
  hear('more', made);
  await settle();
  const annotations = async () => (await store.get({ kind: 'CalicoNodeStatus', name: 'more' }))?.metadata.annotations;
  t.same(await annotations(), { question: 'how many', answer: 'how many: 1' });
  hear('more', (await store.get({ kind: 'CalicoNodeStatus', name: 'more' })) as CalicoNodeStatus);
  await settle();
  t.equal(told.asked.length, 1, 'the echo of the answer asks nothing');
  told.sessions = 2;
  const now = (await store.get({ kind: 'CalicoNodeStatus', name: 'more' })) as CalicoNodeStatus;
  const other = { ...now.metadata, annotations: { ...now.metadata.annotations, question: 'and now' } };
  hear('more', (await store.update({ ...now, metadata: other })) as CalicoNodeStatus);
  await settle();
  t.match(await annotations(), { answer: 'and now: 2' });
  statuses.stop();
});
