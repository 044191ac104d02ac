import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { KubernetesStore } from '../../../src/datastore/kubernetes/index.ts';
import { pool } from '../../contracts/store.ts';
import { loneDaemon } from '../../daemon/lone-daemon.ts';
import { assets, manifestsOf, RealServer } from '../../datastore/kubernetes/real-server.ts';

t.setTimeout(3_600_000);

const ACCOUNT = { namespace: 'kube-system', name: 'vrouter' } as const;
const USER = 'system:serviceaccount:kube-system:vrouter';

t.test('with the account and the role of deploy/rbac.yaml', async (t) => {
  const server = await RealServer.start(assets ?? '');
  const administrator = new KubernetesStore(server.config);
  t.teardown(async () => {
    await administrator.close();
    await server.stop();
  });
  await server.apply(manifestsOf('deploy/rbac.yaml'));
  await server.apply([{ apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1' } }]);
  const token = await server.token(ACCOUNT.namespace, ACCOUNT.name);
  /** What its owner has been refused. */
  const refused = (): readonly string[] =>
    server
      .audited()
      .filter(({ user, responseStatus }) => user.username === USER && responseStatus?.code === 403)
      .map(({ verb, requestURI }) => `${verb} ${requestURI}`);

  await t.test('a daemon serves pods, leads and says who it is, and is refused nothing', async (t) => {
    const engine = { type: 'kubernetes', store: new KubernetesStore(server.as(token)) };
    const { add, del } = await loneDaemon(t, { engine, administrator });
    const args = { K8S_POD_NAMESPACE: 'x', K8S_POD_NAME: 'web' };
    const spec = { nodeName: 'n1', containers: [{ name: 'c', image: 'none' }] };
    await server.apply([{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', namespace: 'x' }, spec }]);
    const address = await add('sandbox', args);
    const annotations = async (path: string): Promise<Record<string, string>> =>
      ((await server.must('GET', path)) as { metadata: { annotations?: Record<string, string> } }).metadata
        .annotations ?? {};
    const pod = '/api/v1/namespaces/x/pods/web';
    t.match(await annotations(pod), { 'cni.projectcalico.org/podIP': address });
    await del('sandbox', args);
    t.match(await annotations(pod), { 'cni.projectcalico.org/podIP': '' });
    t.match(await annotations('/api/v1/nodes/n1'), { 'projectcalico.org/IPv4Address': /^127\./ });
    const leader = await administrator.get({ kind: 'KubeControllersConfiguration', name: 'default' });
    t.match(leader?.metadata.annotations, { 'vrouter.projectcalico.org/leader': / \d+$/ });
    t.same(refused(), []);
  });

  await t.test('the node’s condition, an event, a Service’s address and the one Secret are allowed', async (t) => {
    const store = new KubernetesStore(server.as(token));
    t.teardown(() => store.close());
    const condition = { status: false, reason: 'CalicoIsUp', message: 'it is' } as const;
    await store.conditions.setNetworkUnavailable('n1', condition);
    await store.remarks.remark({
      ...{ about: { kind: 'IPPool', name: 'p' }, reason: 'Overlap', message: 'a word', node: 'n1' },
    });
    const events = (await server.must('GET', '/api/v1/namespaces/default/events')) as {
      readonly items: readonly { readonly message: string; readonly involvedObject: object }[];
    };
    t.match(
      events.items.filter(({ message }) => message === 'a word'),
      [{ involvedObject: { kind: 'IPPool', name: 'p' } }],
    );
    const spec = { type: 'LoadBalancer', ports: [{ port: 80 }] };
    await server.apply([{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', namespace: 'x' }, spec }]);
    const service = await store.get({ kind: 'KubernetesService', name: 'web', namespace: 'x' });
    const told = await store.services.setIngress(service!, [{ ip: '203.0.113.7' }]);
    t.same(told.spec.loadBalancerIPs, ['203.0.113.7']);
    await t.rejects(store.services.setIngress(service!, []), { code: 'CONFLICT' });
    const stop = new AbortController();
    const secrets = store.secrets.watch('bgp-secrets', stop.signal)[Symbol.asyncIterator]();
    t.equal((await secrets.next()).value, undefined);
    const next = secrets.next();
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'bgp-secrets', namespace: 'kube-system' } };
    await server.apply([{ ...secret, data: { key: Buffer.from('word').toString('base64') } }]);
    t.same((await next).value, { key: 'word' });
    stop.abort();
    await secrets.return?.(undefined);
    t.equal(await store.configMaps.get('kubeadm-config'), undefined);
    t.same(refused(), []);
    await t.rejects(
      store.create(pool('two')).then(() => store.delete({ kind: 'IPPool', name: 'two' })),
      {
        code: 'UNAUTHORIZED',
        message: /cannot (get|delete) resource "ippools"/,
      },
    );
  });

  await t.test('a token that is void is told of, and the next one in the same file is taken at once', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'vrt-token-'));
    t.teardown(() => rmSync(folder, { recursive: true, force: true }));
    const tokenFile = join(folder, 'token');
    const renew = async () => writeFileSync(tokenFile, await server.token(ACCOUNT.namespace, ACCOUNT.name));
    await renew();
    const user = { 'auth-provider': { name: 'tokenFile', config: { tokenFile } } };
    const cluster = { server: server.config.apiEndpoint, 'insecure-skip-tls-verify': true };
    const kubeconfigInline = JSON.stringify({
      'current-context': 'c',
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
      clusters: [{ name: 'c', cluster }],
      users: [{ name: 'u', user }],
    });
    const daemons = new KubernetesStore({ type: 'kubernetes', kubeconfigInline });
    t.teardown(() => daemons.close());
    t.ok((await daemons.list('IPPool')).items.length > 0);
    // As at its end: a token's account is known by its uid.
    await server.must('DELETE', `/api/v1/namespaces/${ACCOUNT.namespace}/serviceaccounts/${ACCOUNT.name}`);
    await server.apply([{ apiVersion: 'v1', kind: 'ServiceAccount', metadata: ACCOUNT }]);
    const until = async (isAllowed: boolean): Promise<unknown> => {
      for (;;) {
        const refusal = await daemons.list('IPPool').then(
          () => undefined,
          (error: unknown) => error,
        );
        if ((refusal === undefined) === isAllowed) return refusal;
      }
    };
    t.match(await until(false), { code: 'UNAUTHORIZED' });
    await renew();
    t.equal(await until(true), undefined);
  });
});
