import t from 'tap';
import { VirtualClock } from '../../src/base/index.ts';
import { UpdateConflict } from '../../src/datastore/index.ts';
import { retryRaces } from '../../src/ipam/conflict.ts';

t.test('whoever loses a race tries again at once, then after pauses that spread the contenders', async (t) => {
  const clock = new VirtualClock();
  const turns: number[] = [];
  const done = retryRaces(clock, 'test', async (turn) => {
    turns.push(clock.now());
    if (turn < 9) throw new UpdateConflict('a');
    return 'won';
  });
  await clock.advanceAsync(0);
  t.equal(turns.length, 2, 'the second turn is not delayed');
  await clock.advanceAsync(1000);
  t.equal(await done, 'won');
  const pauses = turns.slice(2).map((at, index) => at - turns[index + 1]);
  const limits = [2, 4, 8, 16, 32, 64, 64, 64];
  t.ok(
    pauses.every((pause, index) => pause > 0 && pause <= limits[index]),
    pauses.join(),
  );
});

t.test('it gives up after as many turns as Calico does, and what is no race is thrown at once', async (t) => {
  const clock = new VirtualClock();
  let turns = 0;
  const hopeless = retryRaces(clock, 'claim of a block', async () => {
    turns++;
    throw new UpdateConflict('a');
  });
  const refused = t.rejects(hopeless, { code: 'CONTENTION', message: /claim of a block: gave up after 100/ });
  await clock.advanceAsync(10_000);
  await refused;
  t.equal(turns, 100);
  await t.rejects(
    retryRaces(clock, 'test', () => Promise.reject(new Error('other'))),
    { message: 'other' },
  );
});
