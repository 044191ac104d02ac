import t, { type Test } from 'tap';
import { systemClock } from '../../../src/base/index.ts';
import { ask } from '../../../src/cli/connectivity/agent/ask.ts';
import { serve } from '../../../src/cli/connectivity/agent/serve.ts';
import { KubernetesStage } from '../../../src/cli/connectivity/kubernetes/stage.ts';
import { DONE, OPEN_PORT } from '../../../src/cli/connectivity/probe.ts';
import { runTest } from '../../../src/cli/index.ts';
import { openKubernetesApi } from '../../../src/datastore/index.ts';
import { ApiServer } from '../../fakes/api-server/index.ts';

t.setTimeout(0);

interface MadePod {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly labels: Record<string, string> };
  readonly spec: {
    readonly nodeName: string;
    readonly containers: readonly { readonly command: readonly string[]; readonly image: string }[];
  };
}

/** Addresses of loopback: pods and services of this process. Each file that tests has its own network of them. */
const NETWORK = `127.${1 + (process.pid % 250)}.${1 + (Math.floor(process.pid / 250) % 250)}`;

let last = 10;

/** An API server with nodes, and a kubelet for all of them: servers and clients run in this process. */
async function kubernetes(t: Test, nodes: readonly string[], fails?: (pod: MadePod) => string | undefined) {
  const server = await ApiServer.start();
  t.teardown(() => server.stop());
  const { objects, logs } = server;
  for (const name of nodes)
    objects.create({ resource: 'nodes', namespace: undefined }, { metadata: { name }, spec: {} });
  const daemonSet = {
    metadata: { name: 'vrouter', labels: { 'k8s-app': 'vrouter' } },
    spec: { template: { spec: { containers: [{ image: 'registry/vrouter:1' }] } } },
  };
  objects.create({ resource: 'daemonsets.apps', namespace: 'kube-system' }, daemonSet);
  const made: MadePod[] = [];
  const ends: (() => void)[] = [];
  t.teardown(() => {
    for (const end of ends) end();
  });
  const start = async (pod: MadePod): Promise<void> => {
    const { name, namespace } = pod.metadata;
    const place = { resource: 'pods', namespace };
    const trouble = fails?.(pod);
    if (trouble !== undefined) {
      const waiting = { reason: 'ContainerCreating', message: trouble };
      objects.patch(place, name, { status: { phase: 'Pending', containerStatuses: [{ state: { waiting } }] } });
      return;
    }
    const [, , verb, ...words] = pod.spec.containers[0].command;
    const address = `${NETWORK}.${last++}`;
    if (verb === 'serve') {
      // Nobody enforces policy here: where there is one, nobody listens on the port that it denies.
      const ports = pod.metadata.labels['vrouter-test'] === 'policed' ? words.slice(1, 2) : words.slice(1);
      ends.push(await serve(words[0], ports.map(Number), address));
    }
    objects.patch(place, name, { status: { phase: 'Running', podIP: address } });
    if (verb !== 'stay') return;
    const lines: string[] = [];
    await ask(JSON.parse(words[0]), (outcome) => lines.push(JSON.stringify(outcome)), systemClock);
    logs.set(`${namespace}/${name}`, `${lines.join('\n')}\n${DONE}\n`);
  };
  const look = (): void => {
    for (const object of objects.list({ resource: 'pods', namespace: undefined })) {
      const pod = object as unknown as MadePod;
      if (pod.metadata.labels?.['vrouter-test'] === undefined) continue;
      if (made.some(({ metadata }) => metadata.name === pod.metadata.name)) continue;
      made.push(pod);
      void start(pod);
    }
    for (const object of objects.list({ resource: 'services', namespace: undefined })) {
      if ((object['spec'] as { clusterIP?: string }).clusterIP !== undefined) continue;
      objects.patch({ resource: 'services', namespace: object.metadata.namespace }, object.metadata.name, {
        spec: { clusterIP: `${NETWORK}.9` },
      });
      void serve('server-0', [OPEN_PORT], `${NETWORK}.9`).then((end) => ends.push(end));
    }
  };
  t.teardown(objects.onChange(() => queueMicrotask(look)));
  const test = async (...words: readonly string[]) => {
    let [stdout, stderr] = ['', ''];
    const io = {
      env: { DATASTORE_TYPE: 'kubernetes', K8S_API_ENDPOINT: server.url },
      stdout: (text: string) => (stdout += text),
      stderr: (text: string) => (stderr += text),
    };
    const code = await runTest(['connectivity', ...words], { lab: async () => undefined }, io);
    return { code, stdout, stderr };
  };
  return { server, made, test };
}

t.test('pods are made on each node, try each other and a service, and are taken away', async (t) => {
  const { server, made, test } = await kubernetes(t, ['n1', 'n2']);
  const { code, stdout, stderr } = await test('-o', 'json', '--timeout', '20');
  t.not(stdout, '', stderr);
  const findings: readonly { check: string; result: string; reason?: string; from: string }[] = JSON.parse(stdout);
  const failed = findings.filter(({ result }) => result === 'failure');
  t.same(new Set(failed.map(({ check }) => check)), new Set(['dns']), 'there is no DNS here');
  t.equal(code, 1);
  t.same(Object.fromEntries([...Map.groupBy(findings, ({ check }) => check)].map(([kind, of]) => [kind, of.length])), {
    'pod-same-node': 4,
    'pod-other-node': 4,
    mtu: 4,
    'policy-allowed': 4,
    'policy-denied': 4,
    dns: 2,
    service: 2,
  });
  t.same(made.map(({ metadata, spec }) => `${metadata.name} ${spec.nodeName}`).sort(), [
    'client-0 n1',
    'client-1 n2',
    'policed-0 n1',
    'policed-1 n2',
    'server-0 n1',
    'server-1 n2',
  ]);
  t.equal(made[0].spec.containers[0].image, 'registry/vrouter:1', 'the image of the DaemonSet');
  t.match(made[0].spec, { securityContext: { runAsNonRoot: true }, tolerations: [{ operator: 'Exists' }] });
  t.same(server.objects.list({ resource: 'namespaces', namespace: undefined }), [], 'the namespace is gone');
  const policies = { resource: 'networkpolicies.crd.projectcalico.org', namespace: undefined };
  t.same(server.objects.list(policies), []);
  t.same(server.objects.list({ resource: 'caliconodestatuses.crd.projectcalico.org', namespace: undefined }), []);
});

t.test('a pod that does not start is told with its own reason', async (t) => {
  const { server } = await kubernetes(t, ['n1'], ({ metadata }) =>
    metadata.name === 'policed-0' ? 'plugin type="calico" failed: no address' : undefined,
  );
  const config = { type: 'kubernetes', apiEndpoint: server.url } as const;
  const api = await openKubernetesApi(config);
  const stage = new KubernetesStage({ api, config, clock: systemClock });
  const pods = await stage.prepare({ patience: 0, tell: () => {} });
  const policed = pods.find(({ role }) => role === 'policed');
  t.match(policed, { node: 'n1', addresses: [], trouble: /no address/ });
  await stage.close();
  t.same(server.objects.list({ resource: 'namespaces', namespace: undefined }), []);
});

t.test('a right that is lacking is named, with all that the test needs, and nothing is left', async (t) => {
  const { server, test } = await kubernetes(t, ['n1']);
  server.forbidden.add('pods');
  t.match(await test(), {
    code: 1,
    stderr: /pods is forbidden: User "vrouter".*the test takes an administrator.*pods\/log/,
  });
  t.same(server.objects.list({ resource: 'namespaces', namespace: undefined }), []);
  server.forbidden.add('namespaces');
  t.match(await test(), { code: 1, stderr: /namespaces is forbidden/ });
});

t.test('a test that is interrupted while its namespace is made takes it away', async (t) => {
  const { server } = await kubernetes(t, ['n1']);
  const config = { type: 'kubernetes', apiEndpoint: server.url } as const;
  const stage = new KubernetesStage({ api: await openKubernetesApi(config), config, clock: systemClock });
  const namespaces = { resource: 'namespaces', namespace: undefined };
  const closed = new Promise<void>((resolve, reject) => {
    t.teardown(
      server.objects.onChange(() => {
        if (server.objects.list(namespaces).length > 0) stage.close().then(resolve, reject);
      }),
    );
  });
  await Promise.allSettled([stage.prepare({ patience: 0, tell: () => {} }), closed]);
  t.same(server.objects.list(namespaces), []);
});

t.test('what can not be asked so is told', async (t) => {
  const { server, test } = await kubernetes(t, ['n1']);
  t.match(await test('--nodes', 'n9'), { code: 1, stderr: /no node 'n9'; there are: n1/ });
  server.objects.delete({ resource: 'daemonsets.apps', namespace: 'kube-system' }, 'vrouter', {});
  t.match(await test(), { code: 1, stderr: /--image/ });
  t.match(await test('--outside', 'nowhere'), { code: 2, stderr: /HOST:PORT/ });
  const io = { env: { DATASTORE_TYPE: 'sqlite' }, stderr: () => {}, stdout: () => {} };
  t.equal(await runTest(['connectivity'], { lab: async () => undefined }, io), 2);
});
