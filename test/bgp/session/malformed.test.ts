import t from 'tap';
import { type Clock, type Log, silentLog, VirtualClock } from '../../../src/base/index.ts';
import type { SpeakerEvent } from '../../../src/bgp/api.ts';
import { Malformed } from '../../../src/bgp/session/malformed.ts';
import { createUpdateView } from '../../../src/bgp/wire/index.ts';
import { decode, toHex, update } from '../wire/wire.ts';
import { pair } from './pair.ts';
import { ROUTE_UPDATE } from './recording-handler.ts';

const view = createUpdateView();
const BASE = '40 01 01 00 40 02 00 40 03 04 0a000002';

/** Hears what is logged at warning. */
function listening(): { lines: { fields: Record<string, unknown>; text: string }[]; log: Log } {
  const lines: { fields: Record<string, unknown>; text: string }[] = [];
  const log: Log = {
    ...silentLog,
    warn: (fields, text) => void lines.push({ fields: fields as Record<string, unknown>, text }),
  };
  return { lines, log };
}

t.test('a malformed UPDATE is logged whole with its prefixes, counted, and told', async (t) => {
  const { lines, log } = listening();
  const clock = new VirtualClock();
  const events: SpeakerEvent[] = [];
  const malformed = new Malformed('10.0.0.2', clock, log, (event) => events.push(event));
  const message = update(`${BASE} c0 08 01 00 40 06 01 00`, '18 0a0000 18 0a0001');
  malformed.heard(decode(message, view), message, view);
  t.match(lines, [
    {
      fields: {
        action: 'withdraw',
        attribute: 8,
        prefixes: ['10.0.0.0/24', '10.0.1.0/24'],
        others: [/ATOMIC_AGGREGATE/],
        update: toHex(message),
      },
      text: /malformed UPDATE: COMMUNITIES: 1 octets long: its routes are taken for withdrawn/,
    },
  ]);
  t.same(malformed.counts, { discard: 0, withdraw: 1, reset: 0 });
  t.match(malformed.last, { at: clock.wallTime(), action: 'withdraw', reason: /COMMUNITIES/ });
  t.match(events, [
    {
      kind: 'malformed',
      peer: '10.0.0.2',
      action: 'withdraw',
      attribute: 8,
      bytes: 'c0080100',
      update: toHex(message),
    },
    { kind: 'malformed', action: 'discard', attribute: 6, bytes: '40060100', update: toHex(message) },
  ]);
});

t.test('events outlive the message, and hex is made for those who look', async (t) => {
  const events: SpeakerEvent[] = [];
  const malformed = new Malformed('10.0.0.2', new VirtualClock(), silentLog, (event) => events.push(event));
  const message = update(`${BASE} c0 08 01 00`, '18 0a0000');
  const before = toHex(message);
  malformed.heard(decode(message, view), message, view);
  message.fill(0);
  for (const field of ['bytes', 'update']) {
    t.type(Object.getOwnPropertyDescriptor(events[0], field)?.get, 'function', `${field} is not there yet`);
  }
  t.match(events[0], { update: before, bytes: 'c0080100' });
  t.match(JSON.parse(JSON.stringify(events[0])), { update: before, bytes: 'c0080100' });
});

t.test('a flood of them is counted in full and logged in part, with how many were not', async (t) => {
  const { lines, log } = listening();
  const clock = new VirtualClock();
  const malformed = new Malformed('10.0.0.2', clock, log, undefined);
  const message = update(`${BASE} c0 08 01 00`, '18 0a0000');
  const errors = decode(message, view);
  for (let at = 0; at < 1000; at++) malformed.heard(errors, message, view);
  t.equal(lines.length, 5);
  t.equal(malformed.counts.withdraw, 1000);
  clock.advance(25_000);
  for (let at = 0; at < 10; at++) malformed.heard(errors, message, view);
  t.equal(lines.length, 7, 'one more for each ten seconds');
  t.equal(lines[5]!.fields['unlogged'], 995);
  clock.advance(3_600_000);
  for (let at = 0; at < 10; at++) malformed.heard(errors, message, view);
  t.equal(lines.length, 12, 'quiet time does not add up for ever');
});

t.test('long lists of prefixes are cut', async (t) => {
  const { lines, log } = listening();
  const message = update(`${BASE} c0 08 01 00`, '08 0a 08 0b 08 0c 08 0d '.repeat(5));
  new Malformed('10.0.0.2', new VirtualClock(), log, undefined).heard(decode(message, view), message, view);
  const prefixes = lines[0]!.fields['prefixes'] as string[];
  t.equal(prefixes.length, 11);
  t.equal(prefixes.at(-1), 'and 10 more');
});

/** A clock that goes on by a millisecond each time that somebody looks at it. */
class BusyClock implements Clock {
  readonly inner = new VirtualClock();
  #spent = 0;

  now(): number {
    return this.inner.now() + this.#spent++;
  }

  wallTime(): number {
    return this.inner.wallTime();
  }

  after(delay: number, action: () => void) {
    return this.inner.after(delay, action);
  }

  soon(action: () => void) {
    return this.inner.soon(action);
  }
}

t.test('a peer that sends a lot at once has its turn with others, and is made to wait meanwhile', async (t) => {
  const busy = new BusyClock();
  const { clock, network, a, b } = await pair({}, {}, undefined, busy.inner, busy);
  a.session.start();
  b.session.start();
  clock.advance(500);
  const end = network.open.find(({ local }) => local.address === b.address)!;
  const many = 2000;
  const flood = Buffer.concat(Array.from({ length: many }, () => ROUTE_UPDATE));
  end.write(flood.subarray(0, 60_000));
  end.write(flood.subarray(60_000));
  const updates = (): number => a.handler.calls.filter((call) => call.startsWith('update')).length;
  /** How many had come whenever others had their turn. */
  const seen: number[] = [];
  const look = (): void => {
    seen.push(updates());
    if (updates() < many) clock.soon(look);
  };
  clock.after(1, look);
  clock.advance(10);
  const steps = seen.map((count, at) => count - (seen[at - 1] ?? 0));
  t.ok(Math.max(...steps) <= many / 4, `${steps}`);
  clock.advance(10_000);
  t.equal(updates(), many, 'all of them come through, in the end');
  t.equal(a.handler.calls.filter((call) => call === 'established').length, 1);
  t.equal(a.state, 'Established');
});
