import t from 'tap';
import { Cluster } from './kubernetes-cluster.ts';
import { needsBird, startRouter } from './router.ts';

t.setTimeout(3_600_000);

const BLOCK = '10.244.0.0/26';

t.test('a session is protected by what a Secret says, and is not there without it', needsBird, async (t) => {
  const cluster = await Cluster.start(t);
  const router = await startRouter(t, cluster.namespace('node2'), 'first word');
  const put = (resource: string, namespace: string, object: object): Promise<string> =>
    cluster.ask('put', resource, namespace, JSON.stringify(object));
  const secret = (words: string): Promise<string> =>
    put('secrets', 'kube-system', {
      metadata: { name: 'bgp-secrets' },
      data: { tor: Buffer.from(words).toString('base64') },
    });
  const isRefused = (why: RegExp) => async (): Promise<boolean> =>
    (await cluster.status('node1')).problems.some((problem) => why.test(problem));
  const isTold = async (): Promise<boolean> => router.routes().includes(BLOCK);
  const isUp = async (): Promise<boolean> =>
    (await cluster.status('node1')).bgp?.peers.some(
      ({ address, state }) => address === '192.0.2.9' && state === 'up',
    ) ?? false;

  await cluster.ask('block', 'node1', BLOCK);
  await put('bgppeers.crd.projectcalico.org', '-', {
    ...{ apiVersion: 'crd.projectcalico.org/v1', kind: 'BGPPeer', metadata: { name: 'router' } },
    spec: {
      ...{ node: 'node1', peerIP: '192.0.2.9:1790', asNumber: 65001 },
      password: { secretKeyRef: { name: 'bgp-secrets', key: 'tor' } },
    },
  });
  const missing = /^BGPPeer router: no session: its password is in Secret bgp-secrets, which is not there/;
  await cluster.until('the status says what is missing', isRefused(missing));
  t.notOk(await isTold());

  await secret('first word');
  await cluster.until('the Secret is there', isTold);
  t.notOk(await isRefused(/password/)(), 'nothing is missing any more');
  const { problems } = await cluster.status('node1');
  t.notMatch(JSON.stringify(problems), /first word/);

  await secret('second word');
  await cluster.until('with the one word alone the session is lost', async () => !(await isUp()));
  router.change('second word');
  await cluster.until('both ends have the second word', async () => (await isTold()) && (await isUp()));

  await cluster.ask('remove', 'secrets', 'kube-system', 'bgp-secrets');
  await cluster.until('without it there is no session', isRefused(missing));
  await cluster.until('and nothing is announced', async () => !(await isTold()));
  t.pass();
});
