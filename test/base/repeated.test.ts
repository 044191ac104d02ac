import t from 'tap';
import { Repeated, sleep, VirtualClock } from '../../src/base/index.ts';

t.test('the interval counts from the end of the work, until it is stopped', async (t) => {
  const clock = new VirtualClock();
  const begun: number[] = [];
  const repeated = new Repeated(clock, 1000, async () => {
    begun.push(clock.now());
    await sleep(clock, 500);
  });
  const start = clock.now();
  repeated.start();
  await clock.advanceAsync(4100);
  t.same(
    begun.map((at) => at - start),
    [1000, 2500, 4000],
  );
  repeated.stop();
  await clock.advanceAsync(10_000);
  t.equal(begun.length, 3, 'the work that was under way at the end plans no other');
});

t.test('an interval of 0 is never', async (t) => {
  const clock = new VirtualClock();
  const repeated = new Repeated(clock, 0, async () => void t.fail('not asked for'));
  repeated.start();
  await clock.advanceAsync(10_000);
  t.equal(clock.pending, 0);
});
