import t from 'tap';
import { VirtualClock } from '../../../src/base/index.ts';
import { BfdSession, type BfdTimers } from '../../../src/bfd/session/index.ts';
import { BFD_STATES, type BfdState, type ControlPacket, decodeControlPacket } from '../../../src/bfd/wire/index.ts';
import { packet } from '../packets.ts';

const TIMERS: BfdTimers = { sendInterval: 50, receiveInterval: 40, idleInterval: 1000, multiplier: 3 };

interface Sent extends ControlPacket {
  readonly at: number;
}

/** A session under a clock that a test winds; `random` 0: the least jitter, a fifth. */
class Bench {
  readonly clock = new VirtualClock();
  readonly sent: Sent[] = [];
  readonly changes: (readonly [from: BfdState, to: BfdState])[] = [];
  readonly session: BfdSession;
  /** Runs before a decision about silence. */
  late: () => void = () => {};

  constructor(timers: Partial<BfdTimers> = {}, random = 0) {
    this.session = new BfdSession(
      1,
      { ...TIMERS, ...timers },
      {
        clock: this.clock,
        random: () => random,
        send: (bytes) => this.sent.push({ ...(decodeControlPacket(bytes) as ControlPacket), at: this.clock.now() }),
        changed: (session, from) => this.changes.push([from, session.state]),
        caughtUp: (action) => {
          this.late();
          action();
        },
      },
    );
    this.session.start();
  }

  /** Takes it to a state by what the neighbour says. */
  to(state: BfdState): this {
    if (state === 'AdminDown') this.session.close();
    if (state === 'Init') this.hear({ state: 'Down' });
    if (state === 'Up') this.hear({ state: 'Init' });
    return this;
  }

  hear(other: Partial<ControlPacket>): this {
    this.session.receive(packet({ yourDiscriminator: 1, ...other }));
    return this;
  }

  /** Both have agreed on everything. */
  settled(): this {
    this.to('Up').hear({ state: 'Up', final: true });
    this.sent.length = 0;
    this.changes.length = 0;
    return this;
  }

  get last(): Sent {
    return this.sent.at(-1)!;
  }
}

/** RFC 5880 §6.8.6 and §6.2: what we are, what the neighbour says, what we become. */
const MACHINE: Readonly<Record<BfdState, Readonly<Record<BfdState, BfdState>>>> = {
  AdminDown: { AdminDown: 'AdminDown', Down: 'AdminDown', Init: 'AdminDown', Up: 'AdminDown' },
  Down: { AdminDown: 'Down', Down: 'Init', Init: 'Up', Up: 'Down' },
  Init: { AdminDown: 'Down', Down: 'Init', Init: 'Up', Up: 'Up' },
  Up: { AdminDown: 'Down', Down: 'Down', Init: 'Up', Up: 'Up' },
};

t.test('the state machine, each state and each word of the neighbour', async (t) => {
  for (const from of BFD_STATES)
    for (const said of BFD_STATES) {
      const bench = new Bench().to(from);
      t.equal(bench.session.state, from);
      bench.hear({ state: said });
      t.equal(bench.session.state, MACHINE[from][said], `${from}, told ${said}`);
    }
});

t.test('a change is told at once, with what caused it', async (t) => {
  const bench = new Bench().settled();
  bench.hear({ state: 'Down', diagnostic: 5 });
  t.match(bench.last, { state: 'Down', diagnostic: 3 });
  t.same(bench.changes, [['Up', 'Down']]);
  t.equal(bench.session.remoteDiagnostic, 5);
  bench.hear({ state: 'Down' });
  t.match(bench.last, { state: 'Init', diagnostic: 3 }, 'why it was down stays known until it is Up');
  bench.hear({ state: 'Up' });
  t.match(bench.last, { state: 'Up', diagnostic: 0 });
});

t.test('the first packet goes at once, with no discriminator of a neighbour', async (t) => {
  const bench = new Bench();
  t.match(bench.sent, [{ at: 0, state: 'Down', myDiscriminator: 1, yourDiscriminator: 0, poll: false, demand: false }]);
});

t.test('while it is not Up, no more than a packet a second is sent, and that is announced', async (t) => {
  const bench = new Bench({ idleInterval: 10 });
  bench.clock.advance(4000);
  t.same(
    bench.sent.map(({ at }) => at),
    [0, 800, 1600, 2400, 3200, 4000],
    'a second, less a fifth of jitter',
  );
  t.equal(bench.last.desiredMinTx, 1_000_000);
  const idle = new Bench({ idleInterval: 60_000 });
  idle.clock.advance(48_000);
  t.equal(idle.sent.length, 2);
});

t.test('Up, it polls for its faster interval, which it uses at once', async (t) => {
  const bench = new Bench().to('Up');
  t.match(bench.last, { state: 'Up', poll: true, desiredMinTx: 50_000, requiredMinRx: 40_000 });
  bench.clock.advance(40);
  t.match(bench.last, { at: 40, poll: true });
  bench.hear({ state: 'Up', final: true });
  bench.clock.advance(40);
  t.match(bench.last, { at: 80, poll: false });
});

t.test('the interval is the greater of what we want and what the neighbour takes', async (t) => {
  const bench = new Bench().settled();
  t.equal(bench.session.transmitInterval, 50);
  bench.hear({ state: 'Up', requiredMinRx: 200_000 });
  t.equal(bench.session.transmitInterval, 200);
  bench.sent.length = 0;
  bench.clock.advance(140);
  bench.hear({ state: 'Up', requiredMinRx: 60_000 });
  bench.clock.advance(0);
  t.equal(bench.sent.length, 1, 'a shorter interval counts from the last packet on');
  bench.hear({ state: 'Up', requiredMinRx: 0 });
  bench.sent.length = 0;
  bench.clock.advance(100);
  t.same(bench.sent, [], 'a neighbour that takes none gets none');
});

t.test('packets are a fifth to a quarter of the interval early, as the RFC lets them', async (t) => {
  for (const [multiplier, random, wait] of [
    [3, 0, 40],
    [3, 0.999999999, 37.5],
    [1, 0, 40],
    [1, 0.999999999, 37.5],
  ] as const) {
    const bench = new Bench({ multiplier }, random).settled();
    bench.hear({ state: 'Up', desiredMinTx: 1_000_000 });
    bench.clock.advance(200);
    const [one, two] = bench.sent.slice(-2);
    t.ok(Math.abs(two.at - one.at - wait) < 0.001, `multiplier ${multiplier}: ${two.at - one.at}`);
  }
});

t.test('the detection time is the neighbour’s multiplier times the greater interval', async (t) => {
  const bench = new Bench().settled();
  t.equal(bench.session.detectionTime, 150);
  bench.hear({ state: 'Up', desiredMinTx: 10_000 });
  t.equal(bench.session.detectionTime, 120, 'what we take counts');
  bench.hear({ state: 'Up', desiredMinTx: 10_000, multiplier: 5 });
  t.equal(bench.session.detectionTime, 200);
});

t.test('silence for the detection time ends it, in Up and in Init', async (t) => {
  for (const state of ['Up', 'Init'] as const) {
    const bench = new Bench().to(state);
    bench.clock.advance(149);
    t.equal(bench.session.state, state);
    bench.clock.advance(1);
    t.equal(bench.session.state, 'Down');
    t.match(bench.last, { state: 'Down', diagnostic: 1, yourDiscriminator: 0 }, 'the neighbour is forgotten');
    t.same(bench.changes.at(-1), [state, 'Down']);
  }
});

t.test('packets keep it Up, each for another detection time', async (t) => {
  const bench = new Bench().settled();
  for (let turn = 0; turn < 100; turn++) {
    bench.clock.advance(149);
    bench.hear({ state: 'Up' });
  }
  t.equal(bench.session.state, 'Up');
  bench.clock.advance(150);
  t.equal(bench.session.state, 'Down');
});

t.test('a detection time that becomes shorter counts from the last packet on', async (t) => {
  const bench = new Bench();
  bench.hear({ state: 'Init', desiredMinTx: 1_000_000 });
  t.equal(bench.session.detectionTime, 3000);
  bench.clock.advance(100);
  bench.hear({ state: 'Up', desiredMinTx: 50_000 });
  bench.clock.advance(149);
  t.equal(bench.session.state, 'Up');
  bench.clock.advance(1);
  t.equal(bench.session.state, 'Down');
});

t.test('a packet that had come before the decision counts', async (t) => {
  const bench = new Bench().settled();
  bench.late = () => {
    bench.late = () => {};
    bench.hear({ state: 'Up' });
  };
  bench.clock.advance(299);
  t.equal(bench.session.state, 'Up');
  bench.clock.advance(1);
  t.equal(bench.session.state, 'Down');
});

t.test('P is answered by F at once, and F by nothing', async (t) => {
  const bench = new Bench().settled();
  bench.clock.advance(10);
  bench.hear({ state: 'Up', poll: true });
  t.match(bench.sent, [{ at: 10, final: true, poll: false }]);
  bench.hear({ state: 'Up', final: true });
  t.equal(bench.sent.length, 1);
  bench.clock.advance(40);
  t.match(bench.last, { at: 40, final: false }, 'periodic packets go on as they were');
});

t.test('a slower interval is used when the neighbour knows of it, a faster one at once', async (t) => {
  const bench = new Bench().settled();
  bench.session.retime({ ...TIMERS, sendInterval: 500 });
  t.equal(bench.session.transmitInterval, 50);
  bench.clock.advance(50);
  t.match(bench.last, { poll: true, desiredMinTx: 500_000 });
  bench.hear({ state: 'Up', final: true });
  t.equal(bench.session.transmitInterval, 500);
  bench.session.retime({ ...TIMERS, sendInterval: 100 });
  t.equal(bench.session.transmitInterval, 100);
});

t.test(
  'a shorter interval that we take is detected by when the neighbour knows of it, a longer one at once',
  async (t) => {
    const bench = new Bench({ receiveInterval: 100 }).settled();
    t.equal(bench.session.detectionTime, 300);
    bench.session.retime({ ...TIMERS, receiveInterval: 60 });
    t.equal(bench.session.detectionTime, 300);
    bench.hear({ state: 'Up', final: true });
    t.equal(bench.session.detectionTime, 180);
    bench.session.retime({ ...TIMERS, receiveInterval: 200 });
    t.equal(bench.session.detectionTime, 600);
  },
);

t.test('a change during a Poll Sequence is polled for by another', async (t) => {
  const bench = new Bench().settled();
  bench.session.retime({ ...TIMERS, sendInterval: 500 });
  bench.session.retime({ ...TIMERS, sendInterval: 700 });
  bench.hear({ state: 'Up', final: true });
  t.equal(bench.session.transmitInterval, 50, 'the answer may be to the former');
  bench.clock.advance(50);
  t.equal(bench.last.poll, true);
  bench.hear({ state: 'Up', final: true });
  t.equal(bench.session.transmitInterval, 700);
});

t.test('a neighbour in Demand mode gets silence while both are Up, but not while we poll', async (t) => {
  const bench = new Bench().settled();
  bench.hear({ state: 'Up', demand: true, multiplier: 255 });
  bench.clock.advance(1000);
  t.same(bench.sent, []);
  bench.session.retime({ ...TIMERS, sendInterval: 60 });
  bench.clock.advance(60);
  t.match(bench.sent, [{ poll: true }]);
  bench.hear({ state: 'Up', demand: false, multiplier: 255, final: true });
  bench.clock.advance(120);
  t.ok(bench.sent.length > 2);
});

t.test('its end is told as meant, and nothing follows', async (t) => {
  const bench = new Bench().settled();
  bench.session.close();
  t.match(bench.sent, [{ state: 'AdminDown', diagnostic: 7 }]);
  bench.hear({ state: 'Up', poll: true });
  bench.clock.advance(60_000);
  t.equal(bench.sent.length, 1);
  t.equal(bench.clock.pending, 0);
});

t.test('two sessions come Up with each other, and both notice a cut', async (t) => {
  const clock = new VirtualClock();
  let isCut = false;
  const changes: string[] = [];
  const make = (name: string, discriminator: number, other: () => BfdSession): BfdSession =>
    new BfdSession(discriminator, TIMERS, {
      clock,
      random: () => 0.5,
      send: (bytes) => {
        if (!isCut) clock.after(1, () => other().receive(decodeControlPacket(bytes) as ControlPacket));
      },
      changed: ({ state }, from) => {
        if (state !== from) changes.push(`${name} ${state}`);
      },
      caughtUp: (action) => action(),
    });
  const one: BfdSession = make('one', 1, () => two);
  const two: BfdSession = make('two', 2, () => one);
  one.start();
  clock.advance(300);
  two.start();
  clock.advance(3000);
  t.ok(changes.includes('one Up') && changes.includes('two Up'));
  t.equal(one.state, 'Up');
  t.equal(two.state, 'Up');
  t.equal(one.transmitInterval, 50);
  changes.length = 0;
  isCut = true;
  clock.advance(151);
  t.same(changes.sort(), ['one Down', 'two Down']);
  isCut = false;
  clock.advance(3000);
  t.equal(one.state, 'Up');
});
