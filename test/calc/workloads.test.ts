import fc from 'fast-check';
import t from 'tap';
import { Calculation, type SourceUpdate } from '../../src/calc/index.ts';
import type { FelixConfiguration } from '../../src/model/index.ts';
import { finalState } from './plain.ts';
import { gone, pod, put } from './resources.ts';

const NAMES = ['a', 'b', 'c'];

const name = fc.constantFrom(...NAMES);

/** Pods that come, go, move to another node, lose their interface, share addresses and ask for the same floating IP. */
const change = fc.oneof(
  fc
    .record({
      name,
      node: fc.constantFrom('here', 'here', 'elsewhere'),
      address: fc.integer({ min: 1, max: 3 }),
      hasInterface: fc.boolean(),
      floating: fc.option(fc.constantFrom('203.0.113.1', '203.0.113.2')),
      spoofed: fc.boolean(),
    })
    .map(({ name, node, address, hasInterface, floating, spoofed }): SourceUpdate => {
      const internalIP = `10.244.1.${address}`;
      const made = pod(node, name, internalIP, {
        ...(!hasInterface && { interfaceName: '' }),
        ...(floating !== null && { ipNATs: [{ internalIP, externalIP: floating }] }),
        ...(spoofed && { allowSpoofedSourcePrefixes: ['192.0.2.0/24'] }),
      });
      return { ...made, key: { ...made.key, name } };
    }),
  name.map((one) => gone('WorkloadEndpoint', one, 'default')),
  fc
    .record({ floatingIPs: fc.constantFrom('Enabled', 'Disabled'), spoofing: fc.constantFrom('Any', 'Disabled') })
    .map(({ floatingIPs, spoofing: workloadSourceSpoofing }) => {
      return put('FelixConfiguration', 'default', {
        floatingIPs,
        workloadSourceSpoofing,
      } as FelixConfiguration['spec']);
    }),
);

t.test('the workloads of any history, looked at after any of its changes, are those of its end', async (t) => {
  fc.assert(
    fc.property(fc.array(fc.tuple(change, fc.boolean()), { maxLength: 15 }), (history) => {
      const kept = new Calculation({ nodename: 'here' });
      const told: SourceUpdate[] = [];
      for (const [update, isLookedAt] of history) {
        kept.apply([update]);
        told.push(update);
        if (!isLookedAt) continue;
        const fresh = new Calculation({ nodename: 'here' });
        fresh.apply(finalState(told));
        t.same(kept.desired().workloads, fresh.desired().workloads);
      }
    }),
    { numRuns: 300 },
  );
});

t.test('a label of a pod leaves the workloads as they are, and a pod leaves the others’', async (t) => {
  const made = new Calculation({ nodename: 'here' });
  const web = pod('here', 'web', '10.244.1.1');
  made.apply([web, pod('here', 'db', '10.244.1.2')]);
  const before = made.desired().workloads;
  const { resource } = web;
  const labels = { app: 'web' };
  made.apply([{ ...web, resource: resource && { ...resource, metadata: { ...resource.metadata, labels } } }]);
  t.equal(made.desired().workloads, before);
  made.apply([pod('here', 'db', '10.244.1.3')]);
  const after = made.desired().workloads;
  t.equal(after[1], before[1]);
  t.same(
    after.map(({ addresses }) => addresses),
    [['10.244.1.3/32'], ['10.244.1.1/32']],
  );
});
