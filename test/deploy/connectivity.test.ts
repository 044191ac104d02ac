import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { systemClock } from '../../src/base/index.ts';
import { mustRun, type Output, run } from '../../src/lab/command.ts';
import { programsOf } from '../../src/lab/program.ts';
import { until } from '../../src/lab/until.ts';
import { MAIN } from '../cluster/program.ts';
import { needsRoot } from '../fakes/namespaces.ts';
import { KubernetesCluster } from './kubernetes/cluster.ts';
import { hostOutside, OUTSIDE, OUTSIDE_PORT } from './kubernetes/outside.ts';
import { PodLoop } from './kubernetes/pod-loop.ts';
import { CLUSTER_DNS } from './kubernetes/pod-to-cri.ts';

const programs = ['containerd', 'podman'].map((name) => `/usr/bin/${name}`);
const installed = [...programs, '/usr/lib/cni/portmap'].every((path) => existsSync(path));
const needs = installed || process.env['CI'] ? needsRoot : { skip: 'it needs containerd, runc, podman, CNI plugins' };

t.setTimeout(900_000);

interface Finding {
  readonly check: string;
  readonly result: string;
  readonly to: string;
  readonly detail: string;
  readonly reason?: string;
  readonly next?: string;
}

/** The folder of the resolver's program, as containers see it. */
const PROGRAM = '/program';
const NODE = '/opt/vrouter/node_modules/.bin/node';

/** What every cluster has: the Service of its API server, DNS behind another one, and vRouter's DaemonSet. */
async function furnish(cluster: KubernetesCluster): Promise<void> {
  const create = (resource: string, namespace: string, object: object): Promise<unknown> =>
    cluster.tell('create', resource, namespace, JSON.stringify(object));
  const [{ address }] = cluster.nodes;
  const daemonSet = parse(readFileSync('deploy/vrouter.yaml', 'utf8'));
  await create('daemonsets.apps', 'kube-system', daemonSet);
  const port = Number(new URL(cluster.url).port);
  await create('services', 'default', {
    metadata: { name: 'kubernetes' },
    spec: { clusterIP: '10.96.0.1', ports: [{ port: 443, targetPort: port, protocol: 'TCP' }] },
  });
  await create('endpoints', 'default', {
    metadata: { name: 'kubernetes' },
    subsets: [{ addresses: [{ ip: address }] }],
  });
  await create('services', 'kube-system', {
    metadata: { name: 'kube-dns' },
    spec: {
      clusterIP: CLUSTER_DNS,
      selector: { 'k8s-app': 'kube-dns' },
      ports: ['UDP', 'TCP'].map((protocol) => ({ port: 53, protocol })),
    },
  });
  const known = ['kubernetes.default.svc.cluster.local=10.96.0.1', 'broken.test=fail'];
  await create('pods', 'kube-system', {
    metadata: { name: 'coredns', labels: { 'k8s-app': 'kube-dns' } },
    spec: {
      nodeName: 'node2',
      containers: [
        {
          name: 'resolver',
          image: daemonSet.spec.template.spec.containers[0].image,
          command: [NODE, `${PROGRAM}/dns-answerer.ts`, '0.0.0.0', ...known],
          volumeMounts: [{ name: 'program', mountPath: PROGRAM, readOnly: true }],
        },
      ],
      volumes: [{ name: 'program', hostPath: { path: join(import.meta.dirname, '../fakes'), type: 'Directory' } }],
    },
  });
}

t.test('vrouter test connectivity, with pods that a container runtime runs', needs, async (t) => {
  const cluster = await KubernetesCluster.start(t);
  for (const node of cluster.nodes) await cluster.roll(node);
  await hostOutside(t, cluster.nodes);
  await furnish(cluster);
  const loop = new PodLoop(cluster);
  loop.start();
  t.teardown(() => loop.stop());

  const [{ machine }] = cluster.nodes;
  const { vrouter, calicoctl } = programsOf(MAIN);
  const inCluster = (words: readonly string[], input?: string): Promise<Output> =>
    run(machine.inside([...cluster.environment, ...words]), input === undefined ? {} : { input });
  const test = async (...words: readonly string[]) => {
    const options = ['-o', 'json', '--timeout', '5', '--outside', `${OUTSIDE}:${OUTSIDE_PORT}`, ...words];
    const { code, stdout, stderr } = await inCluster([...vrouter, 'test', 'connectivity', ...options]);
    if (stdout === '') throw new Error(stderr);
    const findings = JSON.parse(stdout) as readonly Finding[];
    return { code, findings, failed: findings.filter(({ result }) => result === 'failure') };
  };
  const apply = async (object: object): Promise<void> => {
    const { code, stderr } = await inCluster([...calicoctl, 'apply', '-f', '-'], JSON.stringify(object));
    if (code !== 0) throw new Error(stderr);
  };
  const patchPool = async (spec: object): Promise<void> => {
    const words = ['patch', 'ippool', 'default-ipv4-ippool', '-p', JSON.stringify({ spec })];
    const { code, stderr } = await inCluster([...calicoctl, ...words]);
    if (code !== 0) throw new Error(stderr);
  };
  await until(systemClock, 'the resolver to listen', async () => {
    const pods = (await cluster.tell('list', 'pods')) as readonly {
      readonly metadata: { name: string; uid: string };
    }[];
    const resolver = pods.find(({ metadata }) => metadata.name === 'coredns');
    return (
      resolver !== undefined && cluster.nodes[1].kubelet.logOf(resolver.metadata, 'resolver').includes('listening')
    );
  });

  await t.test('all is well: pods, MTU, policy, services, DNS, and outside', async (t) => {
    const named = `kubernetes.default.svc.cluster.local@${CLUSTER_DNS}`;
    const { code, findings, failed } = await test('--dns', named);
    t.same(failed, []);
    t.equal(code, 0);
    const counts = [...Map.groupBy(findings, ({ check }) => check)].map(([kind, of]) => [kind, of.length]);
    t.same(Object.fromEntries(counts), {
      'pod-same-node': 4,
      'pod-other-node': 4,
      mtu: 4,
      'policy-allowed': 4,
      'policy-denied': 4,
      service: 4,
      dns: 4,
      outside: 2,
    });
  });

  await t.test(
    'no way back from outside, a name that does not exist, and one that the resolver can not find out',
    async (t) => {
      await patchPool({ natOutgoing: false });
      const { code, failed } = await test('--nodes', 'node1', '--dns', 'nowhere.test', '--dns', 'broken.test');
      t.equal(code, 1);
      t.same(failed.map(({ check, to }) => `${check} ${to}`).sort(), [
        'dns broken.test',
        'dns nowhere.test',
        `outside ${OUTSIDE}:${OUTSIDE_PORT}`,
      ]);
      const about = (to: string): Finding | undefined => failed.find((one) => one.to.startsWith(to));
      t.match(about('nowhere'), { reason: `${CLUSTER_DNS} answers that there is no such name (ENOTFOUND)` });
      t.match(about('broken'), { reason: `${CLUSTER_DNS} answers that it can't find out (ESERVFAIL)` });
      t.match(about(OUTSIDE), {
        reason: /default-ipv4-ippool go out with their own addresses/,
        next: /natOutgoing":true/,
      });
      await patchPool({ natOutgoing: true });
    },
  );

  await t.test('a policy that lets TCP alone to the DNS pods', async (t) => {
    await apply({
      apiVersion: 'projectcalico.org/v3',
      kind: 'NetworkPolicy',
      metadata: { name: 'dns', namespace: 'kube-system' },
      spec: { selector: "k8s-app == 'kube-dns'", types: ['Ingress'], ingress: [{ action: 'Allow', protocol: 'TCP' }] },
    });
    const { failed } = await test('--nodes', 'node1');
    t.same(
      failed.map(({ check }) => check),
      ['dns'],
    );
    t.match(failed[0], {
      reason: `the resolver does not answer: ${CLUSTER_DNS}, UDP port 53`,
      next: /vrouter drops on node1/,
    });
    t.match(failed[0]?.reason, /by TCP it is reached/);
    await mustRun(
      machine.inside([...cluster.environment, ...calicoctl, 'delete', 'networkpolicy', 'dns', '-n', 'kube-system']),
    );
  });

  await t.test('a Service of DNS with nobody behind it', async (t) => {
    await cluster.tell(
      'patch',
      'services',
      'kube-system',
      'kube-dns',
      JSON.stringify({ spec: { selector: { 'k8s-app': 'gone' } } }),
    );
    const { failed } = await test('--nodes', 'node1');
    t.same(
      failed.map(({ check }) => check),
      ['dns'],
    );
    t.match(failed[0], {
      reason: `nobody listens at the resolver: ${CLUSTER_DNS} refuses`,
      next: /somebody behind it/,
    });
  });

  await t.test('nothing of it is left', async (t) => {
    const devices = async (): Promise<string> => machine.run(['ip', '-o', 'link', 'show', 'type', 'veth']);
    t.ok(await until(systemClock, 'its pods to be gone', async () => !(await devices()).includes(': cali')));
  });
});
