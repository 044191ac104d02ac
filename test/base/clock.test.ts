import fc from 'fast-check';
import t from 'tap';
import { Backoff, EndingClock, sleep, systemClock, VirtualClock, within } from '../../src/base/index.ts';

const plan = fc.array(
  fc.record({
    delay: fc.integer({ min: 0, max: 20 }),
    cancels: fc.option(fc.nat({ max: 30 }), { nil: undefined }),
    advance: fc.integer({ min: 0, max: 6 }),
  }),
  { maxLength: 60 },
);

t.test('timers run in order of time, then of setting, and cancelled ones never', async (t) => {
  fc.assert(
    fc.property(plan, (steps) => {
      const clock = new VirtualClock();
      const timers: { at: number; cancelled: boolean; cancel: () => void }[] = [];
      const ran: { timer: number; at: number }[] = [];
      for (const [timer, { delay, cancels, advance }] of steps.entries()) {
        const cancel = clock.after(delay, () => ran.push({ timer, at: clock.now() }));
        timers.push({ at: clock.now() + delay, cancelled: false, cancel });
        const victim = cancels === undefined ? undefined : timers[cancels];
        if (victim !== undefined && !ran.some((one) => timers[one.timer] === victim)) {
          victim.cancel();
          victim.cancelled = true;
        }
        clock.advance(advance);
      }
      clock.advance(100);
      const expected = timers
        .map(({ at, cancelled }, timer) => ({ timer, at, cancelled }))
        .filter(({ cancelled }) => !cancelled)
        .sort((a, b) => a.at - b.at || a.timer - b.timer)
        .map(({ timer, at }) => ({ timer, at }));
      return JSON.stringify(ran) === JSON.stringify(expected) && clock.pending === 0;
    }),
  );
  t.pass();
});

t.test('a timer set by a timer runs in the same advance if it is due', async (t) => {
  const clock = new VirtualClock();
  const times: number[] = [];
  const again = (): void => {
    times.push(clock.now());
    if (times.length < 4) clock.after(10, again);
  };
  clock.after(10, again);
  clock.advance(35);
  t.same(times, [10, 20, 30]);
  t.equal(clock.nextDue, 40);
});

t.test('wall time runs along from its start', async (t) => {
  const clock = new VirtualClock(Date.UTC(2030, 0, 1));
  clock.advance(1500);
  t.equal(new Date(clock.wallTime()).toISOString(), '2030-01-01T00:00:01.500Z');
});

t.test('cancelling twice, or after the fact, does nothing', async (t) => {
  const clock = new VirtualClock();
  let runs = 0;
  const cancel = clock.soon(() => runs++);
  clock.after(1, () => runs++);
  clock.advance(0);
  cancel();
  cancel();
  clock.advance(1);
  t.equal(runs, 2);
});

t.test('advanceAsync lets code that awaits between timers go on', async (t) => {
  const clock = new VirtualClock();
  const times: number[] = [];
  const task = (async () => {
    for (let round = 0; round < 3; round++) {
      await sleep(clock, 10);
      times.push(clock.now());
    }
  })();
  await clock.advanceAsync(30);
  t.same(times, [10, 20, 30]);
  await task;
});

t.test('work is done within its time, or late, or fails; and leaves no timer', async (t) => {
  const clock = new VirtualClock();
  t.equal(await within(clock, 1000, Promise.resolve()), true);
  t.equal(clock.pending, 0);
  const late = within(clock, 1000, new Promise(() => {}));
  clock.advance(1000);
  t.equal(await late, false);
  await t.rejects(within(clock, 1000, Promise.reject(new Error('no'))), { message: 'no' });
  t.equal(clock.pending, 0);
});

t.test('sleep ends early, and its timer with it, when its signal aborts', async (t) => {
  const clock = new VirtualClock();
  const abort = new AbortController();
  const asleep = sleep(clock, 1000, abort.signal);
  abort.abort(new Error('enough'));
  await t.rejects(asleep, { message: 'enough' });
  t.equal(clock.pending, 0);
  await t.rejects(sleep(clock, 1, abort.signal), { message: 'enough' }, 'already aborted');
});

t.test('the system clock runs timers and forgets cancelled ones', async (t) => {
  const before = systemClock.now();
  await new Promise<void>((resolve) => systemClock.after(1, resolve));
  await new Promise<void>((resolve) => systemClock.soon(resolve));
  systemClock.after(0, () => t.fail('cancelled'))();
  systemClock.soon(() => t.fail('cancelled'))();
  await sleep(systemClock, 2);
  t.ok(systemClock.now() > before);
});

t.test('waits double up to the limit, shortened by jitter, and start again after reset', async (t) => {
  const steady = new Backoff({ first: 100, max: 1000, random: () => 0 });
  t.same(
    Array.from({ length: 6 }, () => steady.next()),
    [100, 200, 400, 800, 1000, 1000],
  );
  t.equal(steady.attempts, 6);
  steady.reset();
  t.equal(steady.next(), 100);
  fc.assert(
    fc.property(
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      fc.nat({ max: 2000 }),
      (random, attempts) => {
        const backoff = new Backoff({ first: 10, max: 500, jitter: 0.25, random: () => random });
        for (let attempt = 0; attempt < attempts; attempt++) backoff.next();
        const full = Math.min(500, 10 * 2 ** attempts);
        const wait = backoff.next();
        return wait <= full && wait >= full * 0.75;
      },
    ),
  );
});

t.test('a clock that has ended runs nothing of what was planned before or after', async (t) => {
  const time = new VirtualClock();
  const clock = new EndingClock(time);
  const ran: string[] = [];
  clock.after(5, () => ran.push('before the end'));
  clock.after(5, () => ran.push('cancelled'))();
  clock.after(20, () => ran.push('too late'));
  time.advance(10);
  clock.end();
  clock.after(1, () => ran.push('planned afterwards'));
  clock.soon(() => ran.push('soon, afterwards'));
  time.advance(100);
  t.strictSame(ran, ['before the end']);
  t.equal(clock.now(), time.now(), 'what time it is can still be asked');
});

t.test('the real clock carries delays that are too long for one timer of Node', async (t) => {
  const day = 24 * 3600 * 1000;
  const set: { delay: number; run: () => void; cleared: boolean }[] = [];
  t.intercept(globalThis, 'setTimeout', {
    value: (run: () => void, delay: number) => set[set.push({ delay, run, cleared: false }) - 1],
  });
  t.intercept(globalThis, 'clearTimeout', {
    value: (timer: (typeof set)[number]) => {
      timer.cleared = true;
    },
  });
  for (const delay of [0, 5, 2 ** 31 - 1, 2 ** 31, 60 * day, 2 ** 24 * 1000 + 4095_000]) {
    set.length = 0;
    let ran = 0;
    systemClock.after(delay, () => ran++);
    for (let leg = 0; leg < set.length; leg++) {
      t.equal(ran, 0, 'not before its time');
      t.ok(set[leg]!.delay < 2 ** 31, 'each leg is one that Node can do');
      set[leg]!.run();
    }
    t.equal(ran, 1);
    t.equal(
      set.reduce((sum, leg) => sum + leg.delay, 0),
      delay,
    );
  }
  set.length = 0;
  const cancel = systemClock.after(60 * day, () => t.fail('cancelled'));
  set[0]!.run();
  cancel();
  t.same(
    set.map(({ cleared }) => cleared),
    [false, true],
    'what is cancelled is the leg that runs',
  );
});
