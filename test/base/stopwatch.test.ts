import t from 'tap';
import { Stopwatch, VirtualClock } from '../../src/base/index.ts';

t.test('a stopwatch runs from its first beginning to its end', async (t) => {
  const clock = new VirtualClock();
  const watch = new Stopwatch(clock);
  t.equal(watch.seconds, 0);
  watch.begin();
  clock.advance(1500);
  watch.begin();
  clock.advance(500);
  t.equal(watch.seconds, 2);
  t.equal(watch.end(), 2);
  t.equal(watch.end(), 0);
});
