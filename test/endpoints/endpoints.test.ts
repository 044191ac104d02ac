import t from 'tap';
import { formatAddress, silentLog, VirtualClock } from '../../src/base/index.ts';
import type { CniRequest } from '../../src/control/index.ts';
import { MemoryStore } from '../../src/datastore/index.ts';
import { Endpoints } from '../../src/endpoints/endpoints.ts';
import { PodTrouble } from '../../src/endpoints/pod-trouble.ts';
import { Timelines } from '../../src/endpoints/timeline.ts';
import { Ipam } from '../../src/ipam/index.ts';
import { type KindName, newResource, type ResourceOf, type WorkloadEndpoint } from '../../src/model/index.ts';
import { FailingStore } from '../fakes/failing-store.ts';
import { FakeMachine } from '../fakes/fake-kernel.ts';

const KEY = { kind: 'WorkloadEndpoint', name: 'n1-k8s-web-eth0', namespace: 'shop' } as const;

/** One node's endpoint service on a fake machine, with a pool of its own. */
class Node {
  readonly clock = new VirtualClock();
  readonly store = new MemoryStore({ clock: this.clock });
  /** The same store, as the service reaches it. */
  readonly connection = new FailingStore(this.store);
  readonly machine = new FakeMachine();
  readonly programmed: string[] = [];
  readonly programmedAddresses: (readonly string[] | undefined)[] = [];
  readonly ipam = new Ipam({ store: this.connection.store, clock: this.clock });
  /** What the store answers in the place of an endpoint that was written. */
  readBack: ((written: WorkloadEndpoint) => WorkloadEndpoint['spec']) | undefined;
  readonly trouble: PodTrouble;
  readonly timelines = new Timelines(this.clock);
  readonly endpoints: Endpoints;

  constructor() {
    this.machine.addNamespace('/host');
    this.trouble = new PodTrouble(this.machine.kernel('/host'), this.clock);
    this.endpoints = new Endpoints({
      nodename: 'n1',
      interfacePrefix: 'cali',
      store: { ...this.connection.store, update: (resource) => this.#update(resource) },
      ipam: this.ipam,
      kernel: this.machine.kernel('/host'),
      clock: this.clock,
      log: silentLog,
      trouble: this.trouble,
      dataplane: { podMtu: 1400 },
      fastPath: {
        added: async ({ metadata, spec }) => {
          this.programmed.push(`+${metadata.name}`);
          this.programmedAddresses.push(spec.ipNetworks);
        },
        removed: async () => void this.programmed.push('-'),
      },
      timelines: this.timelines,
    });
  }

  async #update<Kind extends KindName>(resource: ResourceOf<Kind>): Promise<ResourceOf<Kind>> {
    const read = (endpoint: WorkloadEndpoint) => ({ ...endpoint, spec: this.readBack?.(endpoint) ?? endpoint.spec });
    const isEndpoint = resource.kind === 'WorkloadEndpoint';
    const kept = isEndpoint ? read(resource as unknown as WorkloadEndpoint) : resource;
    return this.connection.store.update(kept as unknown as ResourceOf<Kind>);
  }

  static async create(cidr = '10.244.0.0/16', blockSize = 26): Promise<Node> {
    const node = new Node();
    await node.store.create(newResource('Node', { name: 'n1' }, { bgp: { ipv4Address: '172.16.0.1/24' } }));
    await node.store.create(newResource('IPPool', { name: 'p' }, { cidr, blockSize }));
    return node;
  }

  request(containerId: string, pod?: string, more: Partial<CniRequest> = {}): CniRequest {
    const netns = `/run/netns/${containerId}`;
    return {
      containerId,
      netns,
      ifName: 'eth0',
      args: pod === undefined ? {} : { K8S_POD_NAMESPACE: 'shop', K8S_POD_NAME: pod },
      config: { cniVersion: '1.0.0', name: 'k8s-pod-network' },
      ...more,
    };
  }

  async add(containerId: string, pod?: string, more: Partial<CniRequest> = {}) {
    const request = this.request(containerId, pod, more);
    this.machine.addNamespace(request.netns);
    return this.endpoints.add(request);
  }

  async hostEnds(): Promise<string[]> {
    return (await this.machine.kernel('/host').linkList())
      .map(({ name }) => name)
      .filter((name) => name.startsWith('cali'));
  }

  async inUse(): Promise<number> {
    const { items } = await this.store.list('IPAMBlock');
    return items.reduce(
      (sum, { spec }) => sum + spec.allocations.filter((allocation) => allocation !== null).length,
      0,
    );
  }
}

t.test('ADD gives a pod an address, an interface and an endpoint in the store', async (t) => {
  const node = await Node.create();
  const result = await node.add('c1', 'web');
  const endpoint = await node.store.get(KEY);
  t.match(endpoint?.spec, { node: 'n1', pod: 'web', containerID: 'c1', orchestrator: 'k8s', endpoint: 'eth0' });
  t.match(endpoint?.spec.interfaceName, /^cali[0-9a-f]{11}$/);
  t.same(result.ips, [{ address: endpoint?.spec.ipNetworks?.[0], interface: 1 }]);
  t.match(result.interfaces, [
    { name: endpoint?.spec.interfaceName },
    { name: 'eth0', mtu: 1400, sandbox: '/run/netns/c1' },
  ]);
  t.same(await node.hostEnds(), [endpoint?.spec.interfaceName]);
  t.same(node.programmed.at(-1), '+n1-k8s-web-eth0');
});

t.test('the same ADD again is answered the same', async (t) => {
  const node = await Node.create();
  const first = await node.add('c1', 'web');
  const again = await node.endpoints.add(node.request('c1', 'web'));
  t.same(again.ips, first.ips);
  t.equal(await node.inUse(), 1);
});

t.test(
  'what the runtime is told, and what is routed, is what was assigned, whatever the store reads back',
  async (t) => {
    const node = await Node.create();
    const former = newResource('WorkloadEndpoint', KEY, {
      node: 'n1',
      orchestrator: 'k8s',
      pod: 'web',
      ipNetworks: ['10.244.9.9/32'],
    });
    // As a Kubernetes whose kubelet has not written the pod's status again.
    node.readBack = ({ spec }) => ({ ...spec, ipNetworks: former.spec.ipNetworks });
    await node.store.create<'WorkloadEndpoint'>(former);
    const first = await node.add('c1', 'web');
    const held = (await node.ipam.ipsByHandle('k8s-pod-network.c1')).map((address) => `${formatAddress(address)}/32`);
    t.same(first.ips, [{ address: held[0], interface: 1 }]);
    t.same(node.programmedAddresses, [held]);
    const again = await node.endpoints.add(node.request('c1', 'web'));
    t.same(again.ips, first.ips);
    t.same(node.programmedAddresses, [held, held]);
    await t.rejects(node.endpoints.check(node.request('c1', 'web')), {
      message: /the datastore does not know that 10\.244/,
    });
    node.readBack = undefined;
    await node.endpoints.add(node.request('c1', 'web'));
    t.same((await node.store.get(KEY))?.spec.ipNetworks, held, 'repetition puts the store right');
    await node.endpoints.check(node.request('c1', 'web'));
    const pod = node.machine.kernel('/run/netns/c1');
    await pod.addressDelete({ dev: 'eth0', address: held[0] });
    const anew = await node.endpoints.add(node.request('c1', 'web'));
    t.same(
      (await pod.addressList({ dev: 'eth0', family: 4 })).map(({ address }) => address),
      anew.ips.map(({ address }) => address),
    );
    t.equal(await node.inUse(), 1);
  },
);

t.test('DEL gives everything back, and may come twice, or late without a namespace', async (t) => {
  const node = await Node.create();
  await node.add('c1', 'web');
  for (const netns of ['/run/netns/c1', '/run/netns/c1', '']) {
    await node.endpoints.del({ ...node.request('c1', 'web'), netns });
    t.equal(await node.store.get(KEY), undefined);
    t.same(await node.hostEnds(), []);
    t.equal(await node.inUse(), 0);
  }
});

t.test('a late DEL of an old sandbox leaves the new one alone', async (t) => {
  const node = await Node.create();
  await node.add('old', 'web');
  node.machine.removeNamespace('/run/netns/old');
  await node.add('new', 'web');
  await node.endpoints.del(node.request('old', 'web'));
  t.equal((await node.store.get(KEY))?.spec.containerID, 'new');
  t.equal((await node.hostEnds()).length, 1);
  t.equal(await node.inUse(), 1);
});

t.test('a container that is no Kubernetes pod is named after its ID', async (t) => {
  const node = await Node.create();
  await node.add('0123456789abcdef');
  t.same(await node.hostEnds(), ['cali0123456789a']);
  t.match((await node.store.list('WorkloadEndpoint')).items, [
    { metadata: { name: 'n1-cni-0123456789abcdef-eth0', namespace: 'default' }, spec: { orchestrator: 'cni' } },
  ]);
});

t.test(
  'containers with chosen names that begin alike, and second interfaces, have host ends of their own',
  async (t) => {
    const node = await Node.create();
    await node.add('default-web1');
    await node.add('default-web2');
    await node.add('0123456789abcdef');
    await node.endpoints.add(node.request('0123456789abcdef', undefined, { ifName: 'eth1' }));
    t.equal(new Set(await node.hostEnds()).size, 4);
  },
);

t.test('GC releases what the runtime does not know any more, of this network and node only', async (t) => {
  const node = await Node.create();
  const other = { config: { cniVersion: '1.1.0', name: 'other' } };
  for (const [id, more] of [['a'], ['b'], ['c', other]] as const) await node.add(id, id, more);
  await node.endpoints.gc('k8s-pod-network', [{ containerId: 'a' }]);
  t.same(
    (await node.store.list('WorkloadEndpoint')).items.map(({ spec }) => spec.containerID),
    ['a', 'c'],
  );
  t.equal((await node.hostEnds()).length, 2);
  t.equal(await node.inUse(), 2);
  await node.endpoints.gc('k8s-pod-network', [{ containerId: 'a' }]);
  t.equal(await node.inUse(), 2, 'again there is nothing to do');
});

t.test('the address that a pod asks for by annotation', async (t) => {
  const node = await Node.create();
  const annotations = {
    'cni.projectcalico.org/ipAddrs': '["10.244.7.7"]',
    'cni.projectcalico.org/hwAddr': '02:00:00:00:00:07',
  };
  const pod = newResource('WorkloadEndpoint', { ...KEY, annotations }, { node: 'n1', orchestrator: 'k8s', pod: 'web' });
  await node.store.create(pod);
  const result = await node.add('c1', 'web');
  t.match(result.ips, [{ address: '10.244.7.7/32' }]);
  t.match(result.interfaces[1], { mac: '02:00:00:00:00:07' });
  await node.endpoints.del(node.request('c1', 'web'));
  t.equal(await node.inUse(), 0);
});

t.test('the address that the runtime asks for in CNI_ARGS', async (t) => {
  const node = await Node.create();
  const asked = (IP: string) => ({ args: { IP } });
  t.match((await node.add('c1', undefined, asked('10.244.77.7'))).ips, [{ address: '10.244.77.7/32' }]);
  await node.endpoints.del(node.request('c1', undefined, asked('10.244.77.7')));
  t.equal(await node.inUse(), 0);
  await t.rejects(node.add('c2', undefined, asked('10.244.77.7/24')), { code: 'CNI_ARGS', cniCode: 4 });
  t.equal(await node.inUse(), 0);
});

t.test('a pod’s limits are written with the endpoint, and stay when another container has it', async (t) => {
  const node = await Node.create();
  const annotations = { 'qos.projectcalico.org/ingressPacketRate': '100', 'kubernetes.io/egress-bandwidth': 'much' };
  const spec = { node: 'n1', orchestrator: 'k8s', pod: 'web', qosControls: { egressMaxConnections: 5 } };
  await node.store.create(newResource('WorkloadEndpoint', { ...KEY, annotations }, spec));
  const limits = async () => (await node.store.get(KEY))?.spec.qosControls;
  await node.add('c1', 'web');
  t.same(await limits(), { ingressPacketRate: 100, ingressPacketBurst: 5 }, 'a wrong one holds up nothing');
  await node.add('c2', 'web');
  t.same(await limits(), { ingressPacketRate: 100, ingressPacketBurst: 5 });
});

t.test(
  'floating IPs and source prefixes are written with the endpoint; what can lead nowhere is refused',
  async (t) => {
    const node = await Node.create();
    const annotate = (floatingIPs: string) => {
      const annotations = {
        'cni.projectcalico.org/floatingIPs': floatingIPs,
        'cni.projectcalico.org/allowedSourcePrefixes': '["192.0.2.0/24"]',
      };
      return newResource('WorkloadEndpoint', { ...KEY, annotations }, { node: 'n1', orchestrator: 'k8s', pod: 'web' });
    };
    const config = { cniVersion: '1.0.0', name: 'k8s-pod-network', feature_control: { floating_ips: true } };
    const found = await node.store.create<'WorkloadEndpoint'>(annotate('["2001:db8::7"]'));
    const message = /floatingIPs: '2001:db8::7': the pod has no IPv6 address/;
    await t.rejects(node.add('c1', 'web', { config }), { cniCode: 7, message });
    t.equal(await node.inUse(), 0);
    await node.store.update<'WorkloadEndpoint'>({
      ...found,
      metadata: { ...found.metadata, ...annotate('["203.0.113.7"]').metadata },
    });
    const { ips } = await node.endpoints.add(node.request('c1', 'web', { config }));
    const written = await node.store.get(KEY);
    const internalIP = ips[0].address.replace('/32', '');
    t.same(written?.spec.ipNATs, [{ internalIP, externalIP: '203.0.113.7' }]);
    t.same(written?.spec.allowSpoofedSourcePrefixes, ['192.0.2.0/24']);
  },
);

t.test('addresses and routes of another IPAM plugin are taken as they are', async (t) => {
  const node = await Node.create();
  const assigned = { addresses: ['10.9.0.2/32'], routes: ['10.0.0.0/8'] };
  t.match((await node.add('c1', 'web', { assigned })).ips, [{ address: '10.9.0.2/32' }]);
  t.equal(await node.inUse(), 0);
  const routes = async (id: string): Promise<string[]> =>
    (await node.machine.kernel(`/run/netns/${id}`).routeList({ family: 4 }))
      .map(({ destination }) => destination)
      .sort();
  t.same(await routes('c1'), ['10.0.0.0/8', '169.254.1.1/32']);
  const checked = { cniVersion: '1.0.0', name: 'k8s-pod-network', ipam: { type: 'host-local' } };
  await t.resolves(node.endpoints.check(node.request('c1', 'web', { config: checked })), 'without a default route');
  const config = { cniVersion: '1.0.0', name: 'net', include_default_routes: true };
  await node.add('c2', 'all', { assigned: { ...assigned, addresses: ['10.9.0.3/32'] }, config });
  t.same(await routes('c2'), ['0.0.0.0/0', '10.0.0.0/8', '169.254.1.1/32']);
});

t.test('the pod CIDRs that the cluster has given to the node', async (t) => {
  const node = await Node.create();
  t.same(await node.endpoints.podCidrs(), []);
  const found = await node.store.get({ kind: 'Node', name: 'n1' });
  if (found !== undefined) await node.store.update<'Node'>({ ...found, status: { podCIDRs: ['10.7.0.0/24'] } });
  t.same(await node.endpoints.podCidrs(), ['10.7.0.0/24']);
});

t.test('a pod routes for others only if the configuration lets it', async (t) => {
  const node = await Node.create();
  const forwards = async (id: string): Promise<string> =>
    node.machine.kernel(`/run/netns/${id}`).sysctl('net.ipv4.ip_forward');
  await node.add('c1', 'web');
  t.equal(await forwards('c1'), '0');
  const config = { cniVersion: '1.0.0', name: 'net', container_settings: { allow_ip_forwarding: true } };
  await node.add('c2', 'router', { config });
  t.equal(await forwards('c2'), '1');
});

t.test('when addresses run out the runtime is told to try again, and why', async (t) => {
  const node = await Node.create('10.244.0.0/30', 30);
  for (const id of ['a', 'b', 'c', 'd']) await node.add(id, id);
  await t.rejects(node.add('e', 'e'), {
    cniCode: 11,
    message: /failed to request 1 IPv4 addresses. IPAM allocated only 0/,
  });
  t.equal(await node.inUse(), 4);
  await node.endpoints.del(node.request('b', 'b'));
  t.equal((await node.add('f', 'f')).ips.length, 1);
});

t.test('an ADD that fails anywhere in the kernel leaves nothing behind', async (t) => {
  const attempt = async (failing: number | undefined) => {
    const node = await Node.create();
    node.machine.calls.length = 0;
    if (failing !== undefined) node.machine.failOnce({ after: failing });
    const done = await node.add('c1', 'web').then(
      () => true,
      () => false,
    );
    const endpoint = await node.store.get(KEY);
    return {
      done,
      calls: node.machine.calls.length,
      left: (await node.hostEnds()).length,
      inUse: await node.inUse(),
      endpoint,
    };
  };
  const { calls } = await attempt(undefined);
  for (let failing = 0; failing < calls; failing++) {
    const { done, left, inUse, endpoint } = await attempt(failing);
    t.same(
      { done, left, inUse, endpoint },
      { done: false, left: 0, inUse: 0, endpoint: undefined },
      `call ${failing} fails`,
    );
  }
});

t.test('an ADD that loses any one call to the store, or its answer, leaves nothing behind', async (t) => {
  const attempt = async (failing: number, done: boolean) => {
    const node = await Node.create();
    node.connection.failOnce(failing, done);
    const added = await node.add('c1', 'web').then(
      () => true,
      () => false,
    );
    const left = { hostEnds: await node.hostEnds(), inUse: await node.inUse(), endpoint: await node.store.get(KEY) };
    const { calls } = node.connection;
    await node.endpoints.del(node.request('c1', 'web'));
    const after = { hostEnds: await node.hostEnds(), inUse: await node.inUse(), endpoint: await node.store.get(KEY) };
    return { added, left, after, calls };
  };
  const nothing = { hostEnds: [], inUse: 0, endpoint: undefined };
  const { calls } = await attempt(-1, false);
  t.ok(calls > 5);
  for (let failing = 0; failing < calls; failing++) {
    for (const done of [false, true]) {
      const { added, left, after } = await attempt(failing, done);
      const which = `call ${failing}, ${done ? 'whose answer is lost' : 'which is lost'}`;
      if (!added) t.same(left, nothing, which);
      t.same(after, nothing, `${which}, after DEL`);
    }
  }
});

t.test(
  'a kernel that refuses what every pod needs keeps the node from being ready until a pod is served',
  async (t) => {
    const node = await Node.create();
    node.machine.failOnce({ code: 'EROFS' });
    await t.rejects(node.add('c1', 'web'), { code: 'EROFS' });
    t.match(node.trouble.problems(), [/EROFS/]);
    await node.add('c1', 'web');
    t.same(node.trouble.problems(), []);
  },
);

t.test('an endpoint whose routes can’t be programmed is taken back', async (t) => {
  const node = await Node.create();
  const endpoints = new Endpoints({
    nodename: 'n1',
    interfacePrefix: 'cali',
    store: node.store,
    ipam: new Ipam({ store: node.store, clock: node.clock }),
    kernel: node.machine.kernel('/host'),
    clock: node.clock,
    log: silentLog,
    trouble: node.trouble,
    dataplane: { podMtu: 1400 },
    fastPath: {
      added: async () => {
        throw new Error('no route');
      },
      removed: async () => {},
    },
    timelines: node.timelines,
  });
  node.machine.addNamespace('/run/netns/c1');
  await t.rejects(endpoints.add(node.request('c1', 'web')), { message: 'no route' });
  t.equal(await node.inUse(), 0);
  t.same(await node.hostEnds(), []);
  t.equal(await node.store.get(KEY), undefined);
});

t.test('CHECK looks at the store, the host end, the address and the default route', async (t) => {
  const node = await Node.create();
  await node.add('c1', 'web');
  const request = node.request('c1', 'web');
  await t.resolves(node.endpoints.check(request));
  await t.rejects(node.endpoints.check({ ...request, containerId: 'c2' }), { message: /no endpoint for container c2/ });
  const [address] = (await node.store.get(KEY))?.spec.ipNetworks ?? [];
  const pod = node.machine.kernel('/run/netns/c1');
  await pod.addressDelete({ dev: 'eth0', address });
  await t.rejects(node.endpoints.check(request), { message: /has lost 10\.244\./ });
  await node.machine.kernel('/host').linkDelete((await node.hostEnds())[0]);
  await t.rejects(node.endpoints.check(request), { message: /missing or down/ });
});

t.test('a wrong key of the network configuration is named', async (t) => {
  const node = await Node.create();
  const config = { cniVersion: '1.0.0', name: 'net', ipam: { assign_ipv4: 'perhaps' } };
  await t.rejects(node.add('c1', 'web', { config }), { cniCode: 7, message: /ipam\.assign_ipv4/ });
});
