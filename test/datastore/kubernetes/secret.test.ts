import t, { type Test } from 'tap';
import { VirtualClock } from '../../../src/base/index.ts';
import { KubernetesStore } from '../../../src/datastore/kubernetes/index.ts';
import { ApiServer } from '../../fakes/api-server/index.ts';

const PLACE = { resource: 'secrets', namespace: 'kube-system' } as const;
const data = (words: string) => ({ data: { key: Buffer.from(words).toString('base64') } });

t.test('a Secret is told of as it is, and as it comes, changes and goes', async (t) => {
  const { server, next } = await start(t, 'bgp');
  t.equal(await next(), undefined, 'there is none yet');
  server.objects.create(PLACE, { metadata: { name: 'other' }, ...data('of somebody else') });
  server.objects.create(PLACE, { metadata: { name: 'bgp' }, ...data('one') });
  t.same(await next(), { key: 'one' });
  server.objects.patch(PLACE, 'bgp', data('zwölf'));
  t.same(await next(), { key: 'zwölf' });
  server.objects.patch(PLACE, 'bgp', { data: null });
  t.same(await next(), {});
  server.objects.delete(PLACE, 'bgp', {});
  t.equal(await next(), undefined);
  const asked = server.requests.filter((line) => line.includes('/secrets'));
  t.ok(asked.length >= 2 && asked.every((line) => line.includes('/namespaces/kube-system/secrets')), asked.join('; '));
});

t.test('when a watch ends, it is asked for again', async (t) => {
  const { server, next, clock } = await start(t, 'bgp', (one) => {
    one.objects.create(PLACE, { metadata: { name: 'bgp' }, ...data('one') });
  });
  t.same(await next(), { key: 'one' });
  const again = next();
  server.objects.patch(PLACE, 'bgp', data('two'));
  t.same(await again, { key: 'two' });
  const third = next();
  // Long enough for the server to end the watch, too short for the client to give up.
  await clock.advanceAsync(241_000);
  t.same(await third, { key: 'two' }, 'told anew');
});

t.test('what the role does not allow is an error', async (t) => {
  const { next } = await start(t, 'bgp', (one) => one.forbidden.add('secrets'));
  await t.rejects(next(), /secrets is forbidden/);
});

async function start(t: Test, name: string, prepare: (server: ApiServer) => unknown = () => {}) {
  const clock = new VirtualClock();
  const server = await ApiServer.start({ clock });
  prepare(server);
  const store = new KubernetesStore({ type: 'kubernetes', apiEndpoint: server.url }, clock);
  const stop = new AbortController();
  const watch = store.secrets.watch(name, stop.signal)[Symbol.asyncIterator]();
  t.teardown(async () => {
    stop.abort();
    await store.close();
    await server.stop();
  });
  return { server, clock, next: async () => (await watch.next()).value };
}
