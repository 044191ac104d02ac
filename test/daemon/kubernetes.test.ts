import { readFileSync } from 'node:fs';
import t from 'tap';
import { parseAllDocuments } from 'yaml';
import * as z from 'zod';
import { cniResultSchema } from '../../src/control/answers.ts';
import { type CniRequest, request } from '../../src/control/index.ts';
import { needsRoot } from '../fakes/namespaces.ts';
import { Cluster } from './kubernetes-cluster.ts';

t.setTimeout(3_600_000);

const BLOCKS = { node1: '10.244.0.0/26', node2: '10.244.0.64/26' } as const;

t.test('two daemons on an API server that goes away and comes back', needsRoot, async (t) => {
  const cluster = await Cluster.start(t);
  for (const name of ['node1', 'node2'] as const) await cluster.ask('block', name, BLOCKS[name]);
  const other = { node1: 'node2', node2: 'node1' } as const;
  for (const name of ['node1', 'node2'] as const) {
    await cluster.until(`${name} has the other's block`, async () =>
      cluster.routes(name).includes(BLOCKS[other[name]]),
    );
  }

  await t.test('a pod comes and goes', async (t) => {
    const pod = await cluster.pod('node1', 'web');
    const added = await request(cluster.socket('node1'), { op: 'cni.add', request: pod }, cniResultSchema);
    t.match(added, { ips: [{ address: /^10\.244\.0\.\d+\/32$/ }] });
    await request(cluster.socket('node1'), { op: 'cni.del', request: pod }, z.unknown());
  });

  await t.test('a sandbox that is made anew is reached at the address that its pod was told', async (t) => {
    const told = async (pod: CniRequest): Promise<string> => {
      const { ips } = await request(cluster.socket('node1'), { op: 'cni.add', request: pod }, cniResultSchema);
      return ips[0].address.replace('/32', '');
    };
    const routed = (): string[] => cluster.routes('node1').match(/(?<=^|\n)[0-9.]+(?= dev cali)/g) ?? [];
    const pod = await cluster.pod('node1', 'db-0');
    const first = await told(pod);
    await cluster.ask('podips', 'db-0', first);
    // The address of the former sandbox is not to be had again.
    const other = await told(await cluster.pod('node1', 'other'));
    await request(cluster.socket('node1'), { op: 'cni.del', request: pod }, z.unknown());
    await cluster.until('the route of the former sandbox is gone', async () => !routed().includes(first));
    const second = await told(await cluster.sandbox(pod, 'second'));
    t.not(second, first);
    t.same(routed().sort(), [other, second].sort());
    await cluster.ask('annotate', 'db-0', 'touched', 'yes');
    t.match(await cluster.ask('annotations', 'db-0'), `"cni.projectcalico.org/podIP":"${second}/32"`);
    // And a StatefulSet's pod that is made again within seconds has the status of the former one.
    await cluster.ask('podips', 'db-0', second);
    await cluster.ask('again', 'node1', 'db-0');
    const third = await told(await cluster.sandbox(pod, 'third'));
    await cluster.until('the kernel has what the pod was told', async () => routed().includes(third));
    t.same(routed().sort(), [other, third].sort());
  });

  await t.test('a Node that was registered anew has what this node says of itself', async (t) => {
    await cluster.ask('register', 'node1');
    await cluster.until('its address is there', async () =>
      (await cluster.ask('annotations', 'node1')).includes('"projectcalico.org/IPv4Address":"192.0.2.1/24"'),
    );
    await cluster.until('and nothing is lost', async () => cluster.routes('node2').includes(BLOCKS.node1));
    await cluster.ask('unannotate', 'node1', 'projectcalico.org/IPv4Address');
    await cluster.until('its address is there again', async () =>
      (await cluster.ask('annotations', 'node1')).includes('"projectcalico.org/IPv4Address":"192.0.2.1/24"'),
    );
    await cluster.until('the session is up', async () => (await cluster.status('node1')).bgp?.peers[0]?.state === 'up');
    t.pass();
  });

  await t.test('a pod’s limits are changed while it runs', async (t) => {
    const bandwidth = 'qos.projectcalico.org/ingressBandwidth';
    const pod = await cluster.pod('node1', 'slow');
    await cluster.ask('annotate', 'slow', bandwidth, '8M');
    await request(cluster.socket('node1'), { op: 'cni.add', request: pod }, cniResultSchema);
    const says = async (words: string): Promise<boolean> =>
      (await cluster.status('node1')).problems.some((problem) => problem.includes(words));
    await cluster.until('it is limited', async () => cluster.buckets('node1').includes('rate 8Mbit'));
    await cluster.ask('annotate', 'slow', bandwidth, '16M');
    await cluster.until('to something else', async () => cluster.buckets('node1').includes('rate 16Mbit'));
    const endpoints = await request(cluster.socket('node1'), { op: 'endpoints' }, z.unknown());
    t.match(JSON.stringify(endpoints), /default\/node1-k8s-slow-eth0 ingress rate 16Mbit/);
    await cluster.ask('annotate', 'slow', bandwidth, 'fast');
    await cluster.until('the status names the annotation', () => says(`annotation ${bandwidth}: left out, for 'fast'`));
    await cluster.until('and it is limited no more', async () => cluster.buckets('node1') === '');
    await cluster.ask('annotate', 'slow', bandwidth);
    await cluster.until('nothing is wrong any more', async () => !(await says(bandwidth)));
    await request(cluster.socket('node1'), { op: 'cni.del', request: pod }, z.unknown());
  });

  await t.test('a pool that kubectl makes in another is in the status, and in an event beside it', async (t) => {
    await cluster.ask('pool', 'inner', '10.244.200.0/24');
    const words = 'IPPool(inner) 10.244.200.0/24 overlaps with IPPool(default-ipv4-ippool) 10.244.0.0/16';
    const says = async (): Promise<boolean> =>
      (await cluster.status('node1')).problems.some((problem) => problem.startsWith(words));
    await cluster.until('the status says so', says);
    const events = async (): Promise<readonly string[]> => JSON.parse(await cluster.ask('events'));
    await cluster.until('and an event', async () => (await events()).length > 0);
    await cluster.ask('pool', 'inner');
    await cluster.until('nothing is wrong any more', async () => !(await says()));
    t.ok((await events())[0].startsWith(words));
    t.equal((await events()).length, 1, 'one node speaks for both');
  });

  await t.test('a load balancer’s address comes, and is free again when its Service goes', async (t) => {
    const put = (resource: string, namespace: string, object: object): Promise<string> =>
      cluster.ask('put', resource, namespace, JSON.stringify(object));
    const spec = { cidr: '203.0.113.0/24', allowedUses: ['LoadBalancer'] };
    const kind = { apiVersion: 'crd.projectcalico.org/v1', kind: 'IPPool' };
    await put('ippools.crd.projectcalico.org', '-', { ...kind, metadata: { name: 'lb' }, spec });
    const asked = { type: 'LoadBalancer', loadBalancerClass: 'calico', ipFamilies: ['IPv4'], clusterIP: '10.96.0.7' };
    await put('services', 'default', { metadata: { name: 'front' }, spec: asked });
    const counted = async (): Promise<number> =>
      (JSON.parse(await cluster.ask('requests')) as string[]).filter((line) => line.endsWith('/services/front/status'))
        .length;
    await cluster.until('its address and the condition are written', async () => (await counted()) === 2);
    await cluster.ask('remove', 'services', 'default', 'front');
    const held = async (): Promise<boolean> => (await cluster.ask('handles')).includes('lb-');
    await cluster.until('the address is free', async () => !(await held()));
    t.equal(await counted(), 2);
    await cluster.ask('pool', 'lb');
  });

  await t.test('everything that they ask for is allowed by the manifest, and nothing else', async (t) => {
    const asked = new Set((JSON.parse(await cluster.ask('requests')) as string[]).map(permissionOf));
    const allowed = permissions();
    t.strictSame([...asked].filter((permission) => !allowed.has(permission)).sort(), []);
    const unused = [...allowed].filter((permission) => !asked.has(permission) && RARE[permission] === undefined);
    t.strictSame(unused.sort(), []);
  });

  await t.test('while it is away the nodes forward and announce with what they know, and say so', async (t) => {
    await cluster.ask('refuse');
    await cluster.until('node1 says that the datastore does not answer', async () =>
      (await cluster.status('node1')).problems.some((problem) => problem.includes('the datastore does not answer')),
    );
    const before = (await cluster.status('node1')).datastore;
    t.equal(before.inSync, false);
    await cluster.until('what it knows grows old', async () => {
      const { lastEventAgeSeconds } = (await cluster.status('node1')).datastore;
      return lastEventAgeSeconds > before.lastEventAgeSeconds + 1;
    });
    const status = await cluster.status('node1');
    t.match(status.bgp?.peers, [{ state: 'up' }], 'the session goes on');
    t.ok(status.routes.desired > 0 && status.routes.desired === status.routes.programmed, 'all routes are there');
    for (const name of ['node1', 'node2'] as const) t.match(cluster.routes(name), BLOCKS[other[name]]);
  });

  await t.test('a neighbour that starts anew hears the announcements of one that cannot reach it', async (t) => {
    await cluster.ask('serve');
    await cluster.kill('node2');
    await cluster.until('node1 has lost it', async () => !cluster.routes('node1').includes(BLOCKS.node2));
    await cluster.run('node2');
    await cluster.until('node2 learns again', async () => cluster.routes('node2').includes(BLOCKS.node1));
    await cluster.ask('block', 'node2', '10.244.0.128/26');
    await cluster.until('and what is new comes through', async () =>
      cluster.routes('node1').includes('10.244.0.128/26'),
    );
    await cluster.until('node1 is in sync', async () => (await cluster.status('node1')).datastore.inSync);
    t.pass();
  });
});

/** What is asked for in cases that this test doesn't make, and when. */
const RARE: Readonly<Record<string, string>> = {
  'list secrets': 'where a session has a password',
  'watch secrets': 'where a session has a password',
  'get caliconodestatuses.crd.projectcalico.org': 'after a conflict alone',
  'update caliconodestatuses.crd.projectcalico.org': 'somebody has to ask first',
  'create ippools.crd.projectcalico.org': 'at the first start in a cluster without pools',
  'update clusterinformations.crd.projectcalico.org': 'after an upgrade',
  'update kubecontrollersconfigurations.crd.projectcalico.org': 'when the lease is renewed',
  'get hostendpoints.crd.projectcalico.org': 'when another writes an automatic host endpoint at the same time',
  'create hostendpoints.crd.projectcalico.org': 'where automatic host endpoints are switched on',
  'update hostendpoints.crd.projectcalico.org': 'where automatic host endpoints are switched on',
  'delete hostendpoints.crd.projectcalico.org': 'when an automatic host endpoint has no node any more',
  'update ipamhandles.crd.projectcalico.org': 'for the second address of a pod',
  'delete ipamblocks.crd.projectcalico.org': 'when a block is given up',
  'delete blockaffinities.crd.projectcalico.org': 'when a block is given up',
  'get blockaffinities.crd.projectcalico.org': 'when a block is given up',
};

const VERBS: Readonly<Record<string, string>> = {
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
  WATCH: 'watch',
};

/** `GET /api/v1/nodes/a` is `get nodes`, as roles name it. */
function permissionOf(line: string): string {
  const [method, path] = line.split(' ');
  const found = /^\/api(?:s\/([^/]+))?\/v1(?:alpha\d)?\/(?:namespaces\/[^/]+\/)?([^/]+)(?:\/([^/]+))?(\/status)?$/.exec(
    path,
  );
  const [, group, plural, name, status = ''] = found ?? [];
  const verb = VERBS[method] ?? (name === undefined ? 'list' : 'get');
  return `${verb} ${plural}${status}${group === undefined ? '' : `.${group}`}`;
}

interface RoleRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

function permissions(): ReadonlySet<string> {
  const documents = parseAllDocuments(readFileSync('deploy/rbac.yaml', 'utf8')).map((document) => document.toJS());
  const roles = documents.filter(({ kind }) => /^(Cluster)?Role$/.test(kind)) as readonly {
    readonly rules: readonly RoleRule[];
  }[];
  return new Set(
    roles
      .flatMap(({ rules }) => rules)
      .flatMap(({ apiGroups: [group], resources, verbs }) =>
        resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}${group === '' ? '' : `.${group}`}`)),
      ),
  );
}
