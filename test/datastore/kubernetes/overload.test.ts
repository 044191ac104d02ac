import t, { type Test } from 'tap';
import { type Clock, systemClock } from '../../../src/base/index.ts';
import { KubernetesStore } from '../../../src/datastore/kubernetes/index.ts';
import { names, pool } from '../../contracts/store.ts';
import { ApiServer } from '../../fakes/api-server/index.ts';

t.test('a request that is one too many is made again when the server wants it, and done once', async (t) => {
  const { server, store, pauses } = await start(t);
  server.tooMany = 3;
  await store.create(pool('one'));
  t.same(pauses, [1000, 1000, 1000], 'as it said');
  t.same(names((await store.list('IPPool')).items), ['one']);
  t.equal(server.requests.filter((line) => line.startsWith('POST')).length, 4);
});

t.test('a server that has too much to do for longer is away, in its own words', async (t) => {
  const { server, store } = await start(t);
  server.tooMany = 100;
  await t.rejects(store.list('IPPool'), { code: 'UNAVAILABLE', message: /Too many requests/ });
  t.equal(server.requests.length, 11);
});

t.test('a refusal that names no pause is not repeated', async (t) => {
  const { server, store, pauses } = await start(t);
  server.refuseWith = 503;
  await t.rejects(store.list('IPPool'), { code: 'UNAVAILABLE' });
  t.same(pauses, []);
});

async function start(t: Test) {
  const pauses: number[] = [];
  /** Pauses between two requests are over at once; an answer may take as long as it likes. */
  const clock: Clock = {
    ...systemClock,
    after(delay, action) {
      if (delay >= 15_000) return () => {};
      pauses.push(delay);
      return systemClock.soon(action);
    },
  };
  const server = await ApiServer.start();
  const store = new KubernetesStore({ type: 'kubernetes', apiEndpoint: server.url }, clock);
  t.teardown(async () => {
    await store.close();
    await server.stop();
  });
  return { server, store, pauses };
}
