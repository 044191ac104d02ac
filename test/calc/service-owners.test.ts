import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { Calculation, type SourceUpdate } from '../../src/calc/index.ts';
import { type KubernetesService, newResource } from '../../src/model/index.ts';

const LABEL = 'node.kubernetes.io/exclude-from-external-load-balancers';

interface NodeState {
  readonly name: string;
  readonly address?: string;
  readonly ready?: false;
  readonly unschedulable?: true;
  readonly labels?: Readonly<Record<string, string>>;
}

const put = (resource: SourceUpdate['resource']): SourceUpdate => {
  const { name, namespace } = resource!.metadata;
  return { key: { kind: resource!.kind, name, namespace }, resource };
};

function node({ name, address = `10.0.0.${name.charCodeAt(0)}/24`, labels = {}, ...status }: NodeState): SourceUpdate {
  return put({ ...newResource('Node', { name, labels }, { bgp: { ipv4Address: address } }), status });
}

function service(
  name: string,
  addresses: readonly string[],
  spec: Partial<KubernetesService['spec']> = {},
): SourceUpdate {
  const usual = { type: 'LoadBalancer', clusterIPs: ['10.96.0.7'], externalIPs: [], ipFamilies: [] };
  const metadata = { name, namespace: 'n' };
  return put(newResource('KubernetesService', metadata, { ...usual, loadBalancerIPs: [...addresses], ...spec }));
}

function slice(of: string, readyNodes: readonly string[]): SourceUpdate {
  const spec = { service: of, addresses: ['10.1.0.1'], ports: [], readyNodes: [...readyNodes] };
  return put(newResource('KubernetesEndpointSlice', { name: of, namespace: 'n' }, spec));
}

const pool = put(newResource('IPPool', { name: 'lb' }, { cidr: '10.0.0.128/25', allowedUses: ['LoadBalancer'] }));
const felix = (localSubnetL2Reachability: 'PodsAndLoadBalancers' | 'Disabled', more: object = {}): SourceUpdate =>
  put(newResource('FelixConfiguration', { name: 'default' }, { localSubnetL2Reachability, ...more }));
const ON = felix('PodsAndLoadBalancers');
const local = { externalTrafficPolicy: 'Local' };

/** What each of the nodes answers for, as they all see the cluster. */
class Cluster {
  readonly #nodes: ReadonlyMap<string, Calculation>;

  constructor(names: readonly string[], updates: readonly SourceUpdate[]) {
    this.#nodes = new Map(names.map((nodename) => [nodename, new Calculation({ nodename })]));
    this.apply(updates);
  }

  apply(updates: readonly SourceUpdate[]): void {
    for (const calculation of this.#nodes.values()) calculation.apply(updates);
  }

  /** The nodes that answer for an address. */
  owners(address: string): string {
    return [...this.#nodes]
      .filter(([, calculation]) => calculation.desired().reachability?.addresses.get(address) !== undefined)
      .map(([name]) => name)
      .join();
  }
}

const ABC = ['a', 'b', 'c'].map((name) => node({ name }));
const VIP = '10.0.0.200';

t.test('an address has one owner among the nodes on its subnet', async (t) => {
  const cluster = new Cluster(['a', 'b', 'c'], [...ABC, pool, service('s', [VIP])]);
  t.equal(cluster.owners(VIP), '', 'nobody, unless it is switched on');
  cluster.apply([ON]);
  const first = cluster.owners(VIP);
  t.match(first, /^[abc]$/);
  cluster.apply([node({ name: first, ready: false })]);
  const second = cluster.owners(VIP);
  t.match(second, /^[abc]$/);
  t.not(second, first, 'of a node that is not ready another takes over');
  cluster.apply([node({ name: first }), node({ name: second, labels: { [LABEL]: 'true' } })]);
  t.equal(cluster.owners(VIP), first);
  cluster.apply([node({ name: first, unschedulable: true })]);
  t.not(cluster.owners(VIP), first, 'of one that is cordoned too');
  t.match(cluster.owners(VIP), /^[abc]$/);
  cluster.apply(['a', 'b', 'c'].map((name) => node({ name, unschedulable: true })));
  t.equal(cluster.owners(VIP), first, 'but not where all are');
  cluster.apply([...ABC.slice(1), node({ name: 'a', address: '192.0.2.1/24' })]);
  t.match(cluster.owners(VIP), /^[bc]$/, 'one on another subnet is none');
  cluster.apply([felix('Disabled')]);
  t.equal(cluster.owners(VIP), '');
});

t.test('with externalTrafficPolicy: Local it is a node with a ready endpoint', async (t) => {
  const cluster = new Cluster(['a', 'b', 'c'], [...ABC, pool, ON, service('s', [VIP], local)]);
  t.equal(cluster.owners(VIP), '');
  for (const nodes of [['b'], ['c'], ['a']]) {
    cluster.apply([slice('s', nodes)]);
    t.equal(cluster.owners(VIP), nodes[0]);
  }
  cluster.apply([slice('s', ['b', 'c'])]);
  t.match(cluster.owners(VIP), /^[bc]$/);
  cluster.apply([node({ name: cluster.owners(VIP), ready: false })]);
  t.match(cluster.owners(VIP), /^[bc]$/);
  cluster.apply([slice('s', [])]);
  t.equal(cluster.owners(VIP), '');
});

t.test('only what an operator has set apart is answered for', async (t) => {
  const external = { externalIPs: ['10.0.0.1', '10.0.0.99'], type: 'ClusterIP' };
  const cluster = new Cluster(['a'], [node({ name: 'a' }), pool, ON, service('s', ['10.0.0.2'], external)]);
  for (const address of ['10.0.0.1', '10.0.0.99', '10.0.0.2']) t.equal(cluster.owners(address), '', address);
  const ranges = { serviceExternalIPs: [{ cidr: '10.0.0.99/32' }], serviceLoadBalancerIPs: [{ cidr: '10.0.0.2/32' }] };
  cluster.apply([put(newResource('BGPConfiguration', { name: 'default' }, ranges))]);
  t.equal(cluster.owners('10.0.0.99'), 'a');
  t.equal(cluster.owners('10.0.0.2'), '', 'it is no load balancer’s Service');
  cluster.apply([service('s', ['10.0.0.2'])]);
  t.equal(cluster.owners('10.0.0.2'), 'a');
  t.equal(cluster.owners('10.0.0.99'), '');
});

t.test('own pods in pools without encapsulation are answered for', async (t) => {
  const plain = put(newResource('IPPool', { name: 'plain' }, { cidr: '10.0.0.64/26' }));
  const carried = put(newResource('IPPool', { name: 'vxlan' }, { cidr: '10.0.1.0/26', vxlanMode: 'Always' }));
  const pod = (name: string, ip: string, on: string) =>
    put(
      newResource(
        'WorkloadEndpoint',
        { name, namespace: 'n' },
        { node: on, orchestrator: 'k8s', endpoint: 'eth0', pod: name, interfaceName: `cali${name}`, ipNetworks: [ip] },
      ),
    );
  const cluster = new Cluster(
    ['a', 'b'],
    [...ABC, plain, carried, ON, pod('one', '10.0.0.70/32', 'a'), pod('two', '10.0.1.7/32', 'a')],
  );
  t.equal(cluster.owners('10.0.0.70'), 'a');
  t.equal(cluster.owners('10.0.1.7'), '');
  cluster.apply([{ key: { kind: 'WorkloadEndpoint', name: 'one', namespace: 'n' }, resource: undefined }]);
  t.equal(cluster.owners('10.0.0.70'), '');
});

const NAMES = ['a', 'b', 'c', 'd'];
const ADDRESSES = ['10.0.0.200', '10.0.0.201', '10.0.0.202'];
const step: fc.Arbitrary<SourceUpdate> = fc.oneof(
  fc
    .record({ name: fc.constantFrom(...NAMES), how: fc.constantFrom('ready', 'lost', 'cordoned', 'out', 'moved') })
    .map(({ name, how }) => {
      if (how === 'lost') return node({ name, ready: false });
      if (how === 'cordoned') return node({ name, unschedulable: true });
      if (how === 'out') return node({ name, labels: { [LABEL]: 'true' } });
      return node({ name, ...(how === 'moved' && { address: '192.0.2.1/24' }) });
    }),
  fc
    .record({ name: fc.constantFrom('s', 't'), at: fc.subarray(ADDRESSES), isLocal: fc.boolean() })
    .map(({ name, at, isLocal }) => service(name, at, isLocal ? local : {})),
  fc.record({ of: fc.constantFrom('s', 't'), on: fc.subarray(NAMES) }).map(({ of, on }) => slice(of, on)),
  fc
    .constantFrom('s', 't')
    .map((name) => ({ key: { kind: 'KubernetesService', name, namespace: 'n' }, resource: undefined }) as const),
);

t.test('whatever happens, no address has two owners, and who comes late sees the same', async (t) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      const cluster = new Cluster(NAMES, [pool, ON]);
      const last = new Map<string, SourceUpdate>();
      for (const update of steps) {
        last.set(`${update.key.kind} ${update.key.name}`, update);
        cluster.apply([update]);
        for (const address of ADDRESSES) assert.ok(cluster.owners(address).length <= 1);
      }
      const late = new Cluster(NAMES, [pool, ON, ...last.values()]);
      for (const address of ADDRESSES) assert.equal(cluster.owners(address), late.owners(address));
    }),
    { numRuns: 150 },
  );
  t.pass();
});

t.test('a node that goes leaves the others what they have', async (t) => {
  const addresses = Array.from({ length: 100 }, (_, at) => `10.0.0.${150 + at}`);
  const cluster = new Cluster(['a', 'b', 'c'], [...ABC, pool, ON, service('s', addresses)]);
  const before = new Map(addresses.map((address) => [address, cluster.owners(address)]));
  for (const name of ['a', 'b', 'c']) {
    const share = [...before.values()].filter((owner) => owner === name).length;
    t.ok(share > 15 && share < 55, `${name} has ${share} of 100`);
  }
  cluster.apply([node({ name: 'b', ready: false })]);
  t.ok(addresses.every((address) => before.get(address) === 'b' || cluster.owners(address) === before.get(address)));
});
