import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { type Clock, formatAddress, parseAddress, parsePrefix } from '../../src/base/index.ts';
import { audit, type Ipam, isIpamError, readAuditInput } from '../../src/ipam/index.ts';
import { TestCluster, texts } from './cluster.ts';

/** Sixteen addresses in four blocks: small enough that everything runs out. */
const CAPACITY = 16;
const NODES = ['node1', 'node2', 'node3'] as const;
const HANDLES = ['a', 'b', 'c', 'd', 'e'] as const;

type Verb =
  | { readonly do: 'auto'; readonly node: number; readonly handle: string; readonly count: number }
  | { readonly do: 'specific'; readonly node: number; readonly handle: string; readonly at: number }
  | { readonly do: 'releaseHandle'; readonly node: number; readonly handle: string }
  | { readonly do: 'releaseIps'; readonly node: number; readonly at: readonly number[] }
  | { readonly do: 'leave'; readonly node: number; readonly mustBeEmpty: boolean }
  | { readonly do: 'wait' };

const node = fc.nat(NODES.length - 1);
const handle = fc.constantFrom(...HANDLES);
const at = fc.nat(CAPACITY - 1);
const verb: fc.Arbitrary<Verb> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('auto' as const), node, handle, count: fc.integer({ min: 1, max: 6 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('specific' as const), node, handle, at }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('releaseHandle' as const), node, handle }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('releaseIps' as const), node, at: fc.array(at, { maxLength: 3 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('leave' as const), node, mustBeEmpty: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const) }) },
);

const text = (index: number): string => `10.0.0.${index}`;

/** Does the verb for real and in the model (address → handle), and compares the answers. */
async function step(
  cluster: TestCluster,
  clients: readonly Ipam[],
  owners: Map<string, string>,
  verb: Verb,
): Promise<void> {
  if (verb.do === 'wait') return cluster.clock.advance(61_000);
  const ipam = clients[verb.node];
  const hostname = NODES[verb.node];
  switch (verb.do) {
    case 'auto': {
      const given = texts(await ipam.autoAssign({ hostname, handleId: verb.handle, num4: verb.count }));
      for (const address of given) {
        assert.ok(!owners.has(address), `${address} is ${owners.get(address)}'s`);
        owners.set(address, verb.handle);
      }
      if (given.length < verb.count) assert.equal(owners.size, CAPACITY, 'short only when everything is given out');
      return;
    }
    case 'specific': {
      const address = text(verb.at);
      try {
        await ipam.assignIp(parseAddress(address), { hostname, handleId: verb.handle });
        assert.ok(!owners.has(address));
        owners.set(address, verb.handle);
      } catch (error) {
        assert.ok(isIpamError(error, 'ADDRESS_TAKEN') && owners.has(address));
      }
      return;
    }
    case 'releaseHandle': {
      const mine = [...owners].filter(([, owner]) => owner === verb.handle).map(([address]) => address);
      try {
        assert.deepEqual((await ipam.ipsByHandle(verb.handle)).map(formatAddress).sort(), mine.sort());
        await ipam.releaseByHandle(verb.handle);
      } catch (error) {
        assert.ok(isIpamError(error, 'HANDLE_NOT_FOUND') && mine.length === 0, String(error));
      }
      for (const address of mine) owners.delete(address);
      return;
    }
    case 'releaseIps': {
      const unknown = await ipam.releaseIps(verb.at.map((index) => ({ address: parseAddress(text(index)) })));
      const wanted = [...new Set(verb.at.map(text))];
      const expected = wanted.filter((address) => !owners.delete(address));
      assert.deepEqual([...new Set(unknown.map(formatAddress))].sort(), expected.sort());
      return;
    }
    case 'leave':
      await leave(ipam, hostname, verb.mustBeEmpty);
  }
}

async function leave(ipam: Ipam, hostname: string, mustBeEmpty = false): Promise<void> {
  try {
    await ipam.releaseAffinity(parsePrefix('10.0.0.0/28'), hostname, mustBeEmpty);
  } catch (error) {
    assert.ok(mustBeEmpty && isIpamError(error, 'BLOCK_NOT_EMPTY'), String(error));
  }
}

t.test(
  'any sequence of verbs, by three nodes that remember different things, does what a plain map does',
  async (t) => {
    await fc.assert(
      fc.asyncProperty(fc.array(verb, { maxLength: 30 }), async (verbs) => {
        const cluster = new TestCluster();
        await cluster.pool('p', '10.0.0.0/28', { blockSize: 30 });
        for (const name of NODES) await cluster.node(name);
        const clients = NODES.map(() => cluster.client());
        const owners = new Map<string, string>();
        for (const each of verbs) {
          await step(cluster, clients, owners, each);
          const { findings, allocations } = audit(await readAuditInput(cluster.store));
          const held = allocations.map(({ address, handle }) => [address, handle]);
          assert.deepEqual(new Map(held.sort() as [string, string][]), new Map([...owners].sort()));
          assert.deepEqual(
            findings.filter(({ code }) => code !== 'LEAKED_ADDRESS'),
            [],
          );
        }
      }),
      { numRuns: 150, seed: 20260103 },
    );
    t.pass();
  },
);

t.test('verbs of three nodes at once, in any interleaving, never give an address twice', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(verb, { minLength: 2, maxLength: 12 }), fc.scheduler(), async (verbs, scheduler) => {
      const cluster = new TestCluster();
      await cluster.pool('p', '10.0.0.0/28', { blockSize: 30 });
      for (const name of NODES) await cluster.node(name);
      // Every access to the store is a place where somebody else may go first.
      const store = new Proxy(cluster.store, {
        get: (target, name) => {
          const method = Reflect.get(target, name);
          return async (...args: unknown[]) => {
            await scheduler.schedule(Promise.resolve(), String(name));
            return Reflect.apply(method, target, args);
          };
        },
      });
      // So is every pause.
      const clock: Clock = {
        now: () => cluster.clock.now(),
        wallTime: () => cluster.clock.wallTime(),
        after: (_delay, action) => {
          void scheduler.schedule(Promise.resolve(), 'pause').then(action);
          return () => {};
        },
        soon: (action) => cluster.clock.soon(action),
      };
      const clients = NODES.map(() => cluster.client(store, clock));
      const given: string[] = [];
      const running = verbs.map(async (each, index) => {
        if (each.do !== 'auto') return leave(clients[index % clients.length], NODES[index % NODES.length]);
        const handleId = `${each.handle}${index}`;
        const ipam = clients[each.node];
        const addresses = texts(await ipam.autoAssign({ hostname: NODES[each.node], handleId, num4: each.count }));
        if (index % 3 === 0 && addresses.length > 0) await ipam.releaseByHandle(handleId);
        else given.push(...addresses);
      });
      await scheduler.waitFor(Promise.all(running));
      assert.equal(new Set(given).size, given.length, 'nobody shares');
      const { findings, allocations } = audit(await readAuditInput(cluster.store));
      assert.deepEqual(allocations.map(({ address }) => address).sort(), given.sort());
      assert.deepEqual(
        findings.filter(({ code }) => code !== 'LEAKED_ADDRESS'),
        [],
      );
    }),
    { numRuns: 100, seed: 20260104 },
  );
  t.pass();
});
