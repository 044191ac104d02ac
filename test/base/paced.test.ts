import t from 'tap';
import { Paced, VirtualClock } from '../../src/base/index.ts';

t.test('the first is served at once, a swarm after it once for each pause', async (t) => {
  const clock = new VirtualClock();
  const at: number[] = [];
  const paced = new Paced(clock, 100, () => at.push(clock.now()));
  const start = clock.now();
  paced.ask();
  for (let asked = 0; asked < 25; asked++) {
    clock.advance(10);
    paced.ask();
  }
  clock.advance(1000);
  t.same(
    at.map((time) => time - start),
    [0, 100, 200, 300],
  );
  paced.ask();
  t.equal(at.length, 5, 'after a rest at once again');
});

t.test('one who asks while it works is served after the pause; stopped, nobody is', async (t) => {
  const clock = new VirtualClock();
  let done = 0;
  const paced: Paced = new Paced(clock, 100, () => {
    done++;
    paced.ask();
  });
  paced.ask();
  t.equal(done, 1);
  clock.advance(100);
  t.equal(done, 2);
  paced.stop();
  clock.advance(1000);
  t.equal(done, 2);
  t.equal(clock.nextDue, undefined);
});
