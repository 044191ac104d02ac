import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { type Entries, parseAddress, same } from '../../../src/base/index.ts';
import { Calculation } from '../../../src/calc/index.ts';
import { judge } from '../../../src/policy/verdict.ts';
import { history } from './histories.ts';
import { calculated, specified } from './world.ts';

t.test('any history in any batching gives what the specification gives for its end', async (t) => {
  fc.assert(
    fc.property(history, (batches) => {
      const calculation = new Calculation({ nodename: 'a' });
      for (const batch of batches) {
        calculation.apply(batch);
        const now = calculated(calculation.desired());
        if (now === undefined) continue;
        const wanted = specified(calculation, 'a');
        if (!same(now, wanted)) assert.deepEqual(now, wanted);
      }
    }),
    { numRuns: 300, seed: 7 },
  );
  t.pass();
});

t.test('nothing is enforced only where nothing would be denied', async (t) => {
  const addresses = ['10.0.0.1', '10.0.0.2', '10.0.0.3'].map((text) => parseAddress(text));
  let seen = 0;
  fc.assert(
    fc.property(history, (batches) => {
      const calculation = new Calculation({ nodename: 'a' });
      for (const batch of batches) {
        calculation.apply(batch);
        if (calculation.desired().policy !== undefined) continue;
        seen++;
        const world = calculation.world();
        const here = world.endpoints.filter(({ node }) => node === 'a').map(({ name }) => name);
        for (const source of addresses) {
          for (const destination of addresses) {
            const packet = { source, destination, protocol: 6, sourcePort: 1, destinationPort: 80 };
            const { egress, ingress } = judge(world, packet);
            for (const half of [egress, ingress]) {
              // Of other nodes' pods these say what they think; so do pods that have no interface yet.
              const isHere = here.includes(half.endpoint ?? '') && local(calculation).has(half.endpoint ?? '');
              assert.ok(half.allowed || !isHere, JSON.stringify(half));
            }
          }
        }
      }
    }),
    { numRuns: 200, seed: 7 },
  );
  t.ok(seen > 100);
});

/** Names of the pods that are here and have an interface. */
function local(calculation: Calculation): ReadonlySet<string> {
  return new Set(
    calculation
      .inputs()
      .flatMap((one) =>
        one.kind === 'WorkloadEndpoint' && one.spec.interfaceName ? [`${one.metadata.namespace}/${one.spec.pod}`] : [],
      ),
  );
}

/** What a reader knows that follows a collection by its changes. */
class Follower {
  readonly known = new Map<string, unknown>();
  #seen: Entries<unknown> | undefined;

  follow(entries: Entries<unknown>): void {
    for (const [key, now] of entries.since(this.#seen)) {
      if (now === undefined) this.known.delete(key);
      else this.known.set(key, now);
    }
    this.#seen = entries;
    assert.equal(entries.size, this.known.size);
    for (const [key, value] of entries) assert.equal(this.known.get(key), value, key);
  }
}

t.test('the sum of the changes that a reader is told is the difference, in each section and each set', async (t) => {
  fc.assert(
    fc.property(history, (batches) => {
      const calculation = new Calculation({ nodename: 'a' });
      const followers = new Map<string, Follower>();
      const follow = (name: string, entries: Entries<unknown>): void => {
        const follower = followers.get(name) ?? new Follower();
        followers.set(name, follower);
        follower.follow(entries);
      };
      for (const batch of batches) {
        calculation.apply(batch);
        const before = calculation.desired().policy;
        assert.equal(calculation.desired().policy, before);
        if (before === undefined) {
          followers.clear();
          continue;
        }
        for (const section of ['endpoints', 'classes', 'policies', 'profiles', 'sets'] as const) {
          follow(section, before[section] as Entries<unknown>);
        }
        for (const [key, { members, nets }] of before.sets) {
          follow(`${key} members`, members);
          follow(`${key} nets`, nets);
        }
      }
    }),
    { numRuns: 300, seed: 7 },
  );
  t.pass();
});
