import fc from 'fast-check';
import t from 'tap';
import type { Entries } from '../../src/base/index.ts';
import { Calculation, type SourceUpdate } from '../../src/calc/index.ts';
import type { ResourceOf } from '../../src/model/index.ts';
import { finalState, plainVxlan, plainWireguard, worldOf } from './plain.ts';
import { gone, pod, pool, put } from './resources.ts';
import { listed } from './tunnels.ts';

const NODES = ['a', 'b', 'c', 'd'];
const KEYS = ['b', 'c'].map((letter) => `${letter.repeat(42)}A=`);

const name = fc.constantFrom(...NODES);
const number = fc.integer({ min: 1, max: 4 });

const node = fc
  .record({
    name,
    address: fc.option(fc.constantFrom('172.16.0.1/24', '172.16.0.2/24', '172.17.0.3/24', '172.17.0.4/24')),
    tunnel: fc.option(fc.constantFrom('10.244.1.0', '10.244.2.0', '10.9.0.1')),
    key: fc.option(fc.constantFrom(...KEYS)),
    label: fc.option(number),
  })
  .map(({ name, address, tunnel, key, label }): SourceUpdate => {
    const spec = {
      ...(address && { bgp: { ipv4Address: address } }),
      ...(tunnel && { ipv4VXLANTunnelAddr: tunnel }),
    };
    const update = put('Node', name, spec, label === null ? {} : { labels: { rack: `${label}` } });
    return {
      ...update,
      resource: { ...update.resource, ...(key && { status: { wireguardPublicKey: key } }) } as SourceUpdate['resource'],
    };
  });

const block = fc
  .record({ number, owner: fc.option(name), borrower: fc.option(name), ordinal: fc.integer({ min: 0, max: 3 }) })
  .map(({ number, owner, borrower, ordinal }) => {
    const allocations: (number | null)[] = [null, null, null, null];
    if (borrower) allocations[ordinal] = 0;
    return put('IPAMBlock', `block-${number}`, {
      cidr: `10.244.${number}.0/30`,
      ...(owner && { affinity: `host:${owner}` }),
      allocations,
      unallocated: [],
      attributes: borrower ? [{ secondary: { node: borrower } }] : [],
    } as never);
  });

const range = fc
  .record({ number: fc.integer({ min: 1, max: 2 }), mode: fc.constantFrom('Never', 'Always', 'CrossSubnet') })
  .map(({ number, mode }) =>
    pool(`pool-${number}`, number === 1 ? '10.244.0.0/16' : '10.244.2.0/24', { vxlanMode: mode as 'Never' }),
  );

const felix = fc.boolean().map((on) => put('FelixConfiguration', 'default', { wireguardEnabled: on }));

const removal = fc.oneof(
  name.map((one) => gone('Node', one)),
  number.map((one) => gone('IPAMBlock', `block-${one}`)),
  fc.integer({ min: 1, max: 2 }).map((one) => gone('IPPool', `pool-${one}`)),
);

const update = fc.oneof(
  { weight: 4, arbitrary: node },
  { weight: 4, arbitrary: block },
  { weight: 2, arbitrary: range },
  { weight: 1, arbitrary: felix },
  { weight: 2, arbitrary: removal },
);
const history = fc.array(fc.array(update, { maxLength: 4 }), { maxLength: 12 });

/** What of the desired state the specification speaks of. */
function large(calculation: Calculation) {
  const { vxlan4, wireguard4 } = calculation.desired().tunnels;
  return {
    vxlan: vxlan4 && {
      peers: listed(vxlan4.peers).map(({ mac: _, ...peer }) => peer),
      routes: listed(vxlan4.routes),
    },
    wireguard: wireguard4 && { peers: listed(wireguard4.peers), routes: listed(wireguard4.routes) },
  };
}

t.test('any history in any batching gives what the specification gives for its end', async (t) => {
  fc.assert(
    fc.property(history, (batches) => {
      const calculation = new Calculation({ nodename: 'a' });
      for (const batch of batches) {
        calculation.apply(batch);
        calculation.desired();
      }
      const state = finalState(batches.flat());
      const world = worldOf('a', state);
      const encrypts = state.some(
        ({ key, resource }) =>
          key.kind === 'FelixConfiguration' && (resource as ResourceOf<'FelixConfiguration'>).spec.wireguardEnabled,
      );
      t.same(large(calculation), {
        vxlan: plainVxlan(world),
        wireguard: encrypts ? plainWireguard(world) : undefined,
      });
      return t.passing();
    }),
    { numRuns: 500 },
  );
});

t.test('the sum of the changes that a reader is told is the difference', async (t) => {
  fc.assert(
    fc.property(history, (batches) => {
      const calculation = new Calculation({ nodename: 'a' });
      const known = new Map<string, unknown>();
      let seen: Entries<unknown> | undefined;
      for (const batch of batches) {
        calculation.apply(batch);
        const routes: Entries<unknown> | undefined = calculation.desired().tunnels.vxlan4?.routes;
        if (routes === undefined) continue;
        for (const [key, now] of routes.since(seen)) {
          if (now === undefined) known.delete(key);
          else known.set(key, now);
        }
        seen = routes;
        if (routes.size !== known.size || [...routes].some(([key, value]) => known.get(key) !== value)) return false;
      }
      return true;
    }),
    { numRuns: 300 },
  );
  t.pass();
});

t.test('what nobody reads of a resource wakes nothing, and is counted', async (t) => {
  const calculation = new Calculation({ nodename: 'a' });
  const heartbeat = (second: number): SourceUpdate => {
    const update = put('Node', 'b', { bgp: { ipv4Address: '10.0.0.2/24' } });
    const resource = {
      ...update.resource,
      metadata: { name: 'b', resourceVersion: `${second}`, annotations: { beat: `${second}` } },
    };
    return { ...update, resource: resource as SourceUpdate['resource'] };
  };
  t.ok(calculation.apply([put('Node', 'a', { bgp: { ipv4Address: '10.0.0.1/24' } }), heartbeat(1)]));
  const before = calculation.desired();
  t.notOk(calculation.apply([heartbeat(2), pod('b', 'theirs', '10.244.1.5')]));
  t.equal(calculation.desired(), before);
  // The kubelet writes a condition of a pod of ours; somebody's address gets another handle, or is asked for again.
  const ours = (resourceVersion: string): SourceUpdate => {
    const update = pod('a', 'web', '10.244.1.5');
    const resource = { ...update.resource, metadata: { ...update.resource!.metadata, resourceVersion } };
    return { ...update, resource: resource as SourceUpdate['resource'] };
  };
  const block = (handle: string, sequence: number): SourceUpdate =>
    put('IPAMBlock', '10-244-7-0-26', {
      cidr: '10.244.7.0/26',
      affinity: 'host:b',
      allocations: [0, null],
      unallocated: [1],
      attributes: [{ handle_id: handle, secondary: { node: 'b', pod: handle } }],
      sequenceNumber: sequence,
    } as never);
  t.ok(calculation.apply([ours('5'), block('x', 1)]));
  const with5 = calculation.desired();
  t.notOk(calculation.apply([ours('6'), block('y', 2)]));
  t.equal(calculation.desired(), with5);
  t.same(
    [...calculation.ignored],
    [
      ['Node', 1],
      ['WorkloadEndpoint', 1],
      ['IPAMBlock', 1],
    ],
  );
});

t.test('an older version of a pod of ours takes nothing back, unless the store itself has gone back', async (t) => {
  const calculation = new Calculation({ nodename: 'a' });
  const at = (resourceVersion: string, address: string | undefined): SourceUpdate => {
    const update = pod('a', 'web', address ?? '10.244.1.5', address === undefined ? { ipNetworks: [] } : {});
    const { metadata } = update.resource!;
    return {
      ...update,
      resource: { ...update.resource, metadata: { ...metadata, resourceVersion } } as SourceUpdate['resource'],
    };
  };
  const pods = () => calculation.desired().workloads.length;
  t.ok(calculation.apply([at('11', '10.244.1.5')]));
  t.notOk(calculation.apply([at('10', undefined)]));
  t.notOk(calculation.apply([at('9', undefined)]), 'nine is less than ten');
  t.equal(pods(), 1);
  t.ok(calculation.apply([{ ...at('3', undefined), isAnyVersion: true }]));
  t.equal(pods(), 0);
  t.ok(calculation.apply([at('4', '10.244.1.5')]));
  t.equal(pods(), 1);
});

t.test('of a policy’s annotations the one about live connections is read, and no other', async (t) => {
  const calculation = new Calculation({ nodename: 'a' });
  const policy = (annotations: Record<string, string>): SourceUpdate =>
    put('GlobalNetworkPolicy', 'p', { selector: 'all()', types: ['Ingress'] }, { annotations });
  const revokes = (): readonly unknown[] =>
    [...(calculation.desired().policy?.policies.values() ?? [])].map((one) => one.revokes);
  calculation.apply([
    put('Node', 'a', { bgp: { ipv4Address: '10.0.0.1/24' } }),
    pod('a', 'web', '10.244.1.5'),
    policy({}),
  ]);
  t.same(revokes(), [undefined]);
  t.notOk(calculation.apply([policy({ 'kubectl.kubernetes.io/last-applied-configuration': '{}' })]));
  const before = calculation.desired().policy;
  t.ok(calculation.apply([policy({ 'projectcalico.org/policyOnLiveConnections': 'Revoke' })]));
  t.same(revokes(), [true]);
  t.not(calculation.desired().policy, before);
});
