import t from 'tap';
import { silentLog, VirtualClock } from '../../src/base/index.ts';
import { Loop } from '../../src/daemon/loop.ts';

/** A loop that writes down what it does; `refusals` are what its next attempts end with. */
function loop(): { loop: Loop; clock: VirtualClock; done: string[]; refusals: (string | undefined)[] } {
  const clock = new VirtualClock();
  const done: string[] = [];
  const refusals: (string | undefined)[] = [];
  const attempt = async (what: string): Promise<void> => {
    done.push(what);
    const refusal = refusals.shift();
    if (refusal !== undefined) throw new Error(refusal);
  };
  const begin = (): Promise<void> => attempt('begin');
  const apply = (): Promise<void> => attempt('apply');
  return { loop: new Loop({ clock, log: silentLog, begin, apply }), clock, done, refusals };
}

t.test('nothing is applied before the datastore is in sync, whoever asks', async (t) => {
  const { loop: one, clock, done } = loop();
  one.changed();
  await one.now();
  await clock.advanceAsync(0);
  t.same(done, []);
  one.start();
  await clock.advanceAsync(0);
  t.same(done, ['begin']);
});

t.test('changes of one turn are applied together, those of a later one again', async (t) => {
  const { loop: one, clock, done } = loop();
  one.start();
  await clock.advanceAsync(0);
  one.changed();
  one.changed();
  await clock.advanceAsync(0);
  t.same(done, ['begin', 'apply']);
  one.changed();
  await clock.advanceAsync(0);
  t.same(done, ['begin', 'apply', 'apply']);
});

t.test(
  'a beginning that fails is tried again, with growing pauses, and nothing is applied before it has succeeded',
  async (t) => {
    const { loop: one, clock, done, refusals } = loop();
    refusals.push('no socket', 'no socket');
    one.start();
    await clock.advanceAsync(0);
    t.equal(one.problem, 'the desired state could not be applied: no socket');
    one.changed();
    await clock.advanceAsync(0);
    t.same(done, ['begin', 'begin'], 'a change does not wait for the pause');
    t.ok(one.problem);
    await clock.advanceAsync(2000);
    t.same(done, ['begin', 'begin', 'begin']);
    t.equal(one.problem, undefined);
    await clock.advanceAsync(120_000);
    t.equal(done.length, 3, 'what has succeeded is not tried again');
  },
);

t.test('what could not be applied is tried again, although nothing changes', async (t) => {
  const { loop: one, clock, done, refusals } = loop();
  one.start();
  await clock.advanceAsync(0);
  refusals.push('a bug', 'a bug', 'a bug');
  await one.now();
  t.match(one.problem, /a bug/);
  await clock.advanceAsync(1000);
  t.equal(done.length, 3);
  await clock.advanceAsync(6000);
  t.equal(done.length, 5);
  t.equal(one.problem, undefined);
});

t.test('after its end nothing is tried any more', async (t) => {
  const { loop: one, clock, done, refusals } = loop();
  refusals.push('no socket');
  one.start();
  await clock.advanceAsync(0);
  await one.stop();
  one.changed();
  await one.now();
  await clock.advanceAsync(120_000);
  t.same(done, ['begin']);
});
