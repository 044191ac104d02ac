import t from 'tap';
import { RetryQueue, VirtualClock } from '../../src/base/index.ts';

const steady = { first: 100, max: 400, jitter: 0 };

t.test('what fails is tried again, each time after a longer wait', async (t) => {
  const clock = new VirtualClock();
  const queue = new RetryQueue<string>(clock, steady);
  const times: number[] = [];
  const fail = (): number =>
    queue.failed('route', 'no way', () => {
      times.push(clock.now());
      fail();
    });
  t.equal(fail(), 1);
  clock.advance(1200);
  t.same(times, [100, 300, 700, 1100]);
  t.same(queue.details(), ['no way']);
});

t.test('what succeeded, or is not wanted, is forgotten with its waits', async (t) => {
  const clock = new VirtualClock();
  const queue = new RetryQueue<string>(clock, steady);
  queue.failed('a', 'first', () => t.fail('it was done'));
  queue.failed('b', 'second', () => t.fail('it was cleared'));
  queue.done('a');
  t.equal(queue.size, 1);
  queue.clear();
  clock.advance(10_000);
  t.equal(queue.size, 0);
  t.equal(clock.pending, 0);
});

t.test('one attempt waits at a time, and one key never holds up another', async (t) => {
  const clock = new VirtualClock();
  const queue = new RetryQueue<string>(clock, steady);
  const runs: string[] = [];
  queue.failed('a', '', () => runs.push('old'));
  queue.failed('a', '', () => runs.push('a'));
  queue.failed('b', '', () => runs.push('b'));
  clock.advance(1000);
  t.same(runs, ['b', 'a']);
});
