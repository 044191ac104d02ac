import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { parseAddress } from '../../../src/base/index.ts';
import { Calculation } from '../../../src/calc/index.ts';
import type { World } from '../../../src/policy/index.ts';
import { judge, type Verdict } from '../../../src/policy/verdict.ts';
import { history } from './histories.ts';

const ADDRESSES = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', '192.0.2.1'].map((text) => parseAddress(text));

function verdicts(world: World): readonly Verdict[] {
  return ADDRESSES.flatMap((source) =>
    ADDRESSES.flatMap((destination) =>
      [80, 443].map((port) => judge(world, { source, destination, protocol: 6, sourcePort: 1, destinationPort: port })),
    ),
  );
}

const allowed = (all: readonly Verdict[]) => all.map((one) => one.allowed);

t.test('the world as it would be is the one that comes about, and the one that is there stays', async (t) => {
  let changed = 0;
  fc.assert(
    fc.property(history, (batches) => {
      const calculation = new Calculation({ nodename: 'a' });
      for (const batch of batches) {
        const before = allowed(verdicts(calculation.world()));
        const foreseen = allowed(verdicts(calculation.worldIf(batch)));
        assert.deepEqual(allowed(verdicts(calculation.world())), before);
        calculation.apply(batch);
        const after = allowed(verdicts(calculation.world()));
        assert.deepEqual(foreseen, after);
        if (String(before) !== String(after)) changed++;
      }
    }),
    { numRuns: 200, seed: 11 },
  );
  t.ok(changed > 100, `verdicts changed ${changed} times`);
});
