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

  await t.test(
    'the mesh has one password for all: the other node’s session, and that of BIRD in place of a node',
    async (t) => {
      const crd = (kind: string, name: string, spec: object): Promise<string> =>
        put(`${kind.toLowerCase()}s.crd.projectcalico.org`, '-', {
          ...{ apiVersion: 'crd.projectcalico.org/v1', kind, metadata: { name }, spec },
        });
      const isUpWith = async (address: string): Promise<boolean> =>
        (await cluster.status('node1')).bgp?.peers.some((one) => one.address === address && one.state === 'up') ??
        false;
      t.ok(await isUpWith('192.0.2.2'), 'without a password so far');
      await cluster.ask('remove', 'bgppeers.crd.projectcalico.org', '-', 'router');
      await crd('BGPConfiguration', 'node.bird', { listenPort: 1790 });
      await crd('BGPConfiguration', 'default', {
        nodeMeshPassword: { secretKeyRef: { name: 'bgp-secrets', key: 'tor' } },
      });
      const annotations = { 'projectcalico.org/IPv4Address': '192.0.2.9/24' };
      await put('nodes', '-', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'bird', annotations } });
      const lacking = /^BGPConfiguration default nodeMeshPassword: no session of the mesh: .*which is not there/;
      await cluster.until('the status says that the mesh lacks it', isRefused(lacking));
      await cluster.until('nor is there a session between nodes', async () => !(await isUpWith('192.0.2.2')));

      await secret('word of the mesh');
      router.change('word of the mesh', 64512);
      await cluster.until('the nodes', () => isUpWith('192.0.2.2'));
      await cluster.until('and BIRD', async () => (await isUpWith('192.0.2.9')) && (await isTold()));
      router.change('another word', 64512);
      await cluster.until('with another word alone BIRD’s is lost', async () => !(await isUpWith('192.0.2.9')));
      t.ok(await isUpWith('192.0.2.2'), 'and the other node’s stays');
    },
  );
  t.pass();
});
