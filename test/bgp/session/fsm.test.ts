import { globSync, readFileSync } from 'node:fs';
import t from 'tap';
import type { SessionState } from '../../../src/bgp/api.ts';
import type { Effect } from '../../../src/bgp/session/effects.ts';
import type { SessionEvent } from '../../../src/bgp/session/events.ts';
import { step } from '../../../src/bgp/session/fsm.ts';
import { TIMER_NAMES, type TimerName } from '../../../src/bgp/session/timers.ts';
import { type Fsm, type FsmSettings, postponed, type Step } from '../../../src/bgp/session/transition.ts';
import { notification } from '../../../src/bgp/wire/index.ts';

const SETTINGS: FsmSettings = { dials: true, connectRetryTime: 120, delayOpenTime: 0, random: () => 0 };
const ERROR = notification(1, 2, [0, 3]);
const NOW = 1000;

/** Every event, by the name that the table uses. */
const EVENTS = {
  start: { kind: 'start' },
  'start later': { kind: 'start', after: 2000 },
  'manual stop': { kind: 'manual-stop', notification: notification(6, 2) },
  'silent stop': { kind: 'manual-stop' },
  'automatic stop': { kind: 'automatic-stop', notification: notification(6, 1) },
  'tcp up': { kind: 'tcp-up' },
  'tcp fails': { kind: 'tcp-fails', reason: 'refused' },
  open: { kind: 'open', holdTime: 90, keepaliveTime: 30 },
  'header error': { kind: 'header-error', notification: ERROR },
  'open error': { kind: 'open-error', notification: notification(2, 2), reason: 'bad AS' },
  'collision dump': { kind: 'collision-dump' },
  'version error': { kind: 'version-error', notification: notification(2, 1) },
  notification: { kind: 'notification', notification: notification(6, 4) },
  keepalive: { kind: 'keepalive' },
  update: { kind: 'update' },
  'update error': { kind: 'update-error', notification: notification(3, 1), reason: 'bad' },
  'route refresh': { kind: 'route-refresh' },
  'bad route refresh': { kind: 'route-refresh', error: notification(7, 1) },
  'connect retry expires': { kind: 'timer', name: 'connect-retry' },
  'hold expires': { kind: 'timer', name: 'hold' },
  'keepalive expires': { kind: 'timer', name: 'keepalive' },
  'delay open expires': { kind: 'timer', name: 'delay-open' },
  'idle hold expires': { kind: 'timer', name: 'idle-hold' },
  'send hold expires': { kind: 'timer', name: 'send-hold' },
} as const satisfies Readonly<Record<string, SessionEvent>>;

type EventName = keyof typeof EVENTS;

/** Where each row starts from. With DelayOpen running, Connect and Active have a connection. */
const STARTS: Readonly<Record<string, Fsm>> = {
  Idle: at('Idle'),
  Connect: at('Connect', 'connect-retry'),
  'Connect, delayed': at('Connect', 'delay-open'),
  Active: at('Active', 'connect-retry'),
  'Active, delayed': at('Active', 'delay-open'),
  OpenSent: at('OpenSent', 'hold'),
  OpenConfirm: at('OpenConfirm', 'hold', 'keepalive'),
  Established: at('Established', 'hold', 'keepalive', 'send-hold'),
};

function at(state: SessionState, ...timers: TimerName[]): Fsm {
  const due = Object.fromEntries(timers.map((name) => [name, NOW]));
  const settled = state === 'OpenConfirm' || state === 'Established';
  return { state, timers: due, retries: 3, holdTime: settled ? 90 : 0, keepaliveTime: settled ? 30 : 0 };
}

function running({ timers }: Fsm): TimerName[] {
  return TIMER_NAMES.filter((name) => timers[name] !== undefined);
}

/**
 * A cell in short: effects in order, timers that were set or moved (seconds from now), the new state.
 * `N(c/s data)` a NOTIFICATION, `X` close, `+` penalty, `R(cause)` the peer's routes go or become stale.
 */
function show({ fsm, effects }: Step, before: Fsm): string {
  const parts = effects.flatMap((effect) => word(effect, before));
  for (const name of TIMER_NAMES) {
    const due = fsm.timers[name];
    if (due !== undefined && due !== before.timers[name]) parts.push(`${name} ${(due - NOW) / 1000}`);
  }
  const stopped = TIMER_NAMES.filter((name) => before.timers[name] !== undefined && fsm.timers[name] === undefined);
  if (fsm.state !== 'Idle' && stopped.length > 0) parts.push(`no ${stopped.join(', ')}`);
  if (fsm.state !== before.state) parts.push(`→ ${fsm.state}`);
  return parts.join('; ') || '–';
}

function word(effect: Effect, { holdTime }: Fsm): string[] {
  switch (effect.kind) {
    case 'restart-hold':
      return [`hold ${holdTime}`];
    case 'send-notification': {
      const { code, subcode, data } = effect.notification;
      return [`N(${code}/${subcode}${data.length > 0 ? ` ${Buffer.from(data).toString('hex')}` : ''})`];
    }
    case 'send-open':
      return ['OPEN'];
    case 'send-keepalive':
      return ['KA'];
    case 'close':
      return [effect.abrupt ? 'X!' : 'X'];
    case 'lost':
      return [`R(${effect.cause.kind})`];
    case 'penalty':
      return ['+'];
    default:
      return [effect.kind];
  }
}

/** State by state, what each event does: RFC 4271 §8.2.2 with the departures named in `fsm.ts`. */
const TABLE: Readonly<Record<string, Readonly<Record<EventName, string>>>> = {
  Idle: {
    start: 'dial; connect-retry 0.5; → Connect',
    'start later': 'idle-hold 2',
    'manual stop': '–',
    'silent stop': '–',
    'automatic stop': '–',
    'tcp up': '–',
    'tcp fails': '–',
    open: '–',
    'header error': '–',
    'open error': '–',
    'collision dump': '–',
    'version error': '–',
    notification: '–',
    keepalive: '–',
    update: '–',
    'update error': '–',
    'route refresh': '–',
    'bad route refresh': '–',
    'connect retry expires': '–',
    'hold expires': '–',
    'keepalive expires': '–',
    'delay open expires': '–',
    'idle hold expires': '–',
    'send hold expires': '–',
  },
  Connect: {
    start: '–',
    'start later': '–',
    'manual stop': 'X; → Idle',
    'silent stop': 'X; → Idle',
    'automatic stop': '+; X; → Idle',
    'tcp up': 'OPEN; hold 240; no connect-retry; → OpenSent',
    'tcp fails': '→ Active',
    open: '+; X; → Idle',
    'header error': '+; X; → Idle',
    'open error': '+; X; → Idle',
    'collision dump': 'X; → Idle',
    'version error': '+; X; → Idle',
    notification: '+; X; → Idle',
    keepalive: '+; X; → Idle',
    update: '+; X; → Idle',
    'update error': '+; X; → Idle',
    'route refresh': '+; X; → Idle',
    'bad route refresh': '+; X; → Idle',
    'connect retry expires': 'dial; connect-retry 4',
    'hold expires': '–',
    'keepalive expires': '–',
    'delay open expires': '–',
    'idle hold expires': '–',
    'send hold expires': '–',
  },
  'Connect, delayed': {
    start: '–',
    'start later': '–',
    'manual stop': 'X; → Idle',
    'silent stop': 'X; → Idle',
    'automatic stop': '+; X; → Idle',
    'tcp up': 'OPEN; hold 240; no delay-open; → OpenSent',
    'tcp fails': 'connect-retry 4; no delay-open; → Active',
    open: 'OPEN; KA; hold 90; keepalive 30; no delay-open; → OpenConfirm',
    'header error': '+; X; → Idle',
    'open error': '+; X; → Idle',
    'collision dump': 'X; → Idle',
    'version error': 'X; → Idle',
    notification: '+; X; → Idle',
    keepalive: '+; X; → Idle',
    update: '+; X; → Idle',
    'update error': '+; X; → Idle',
    'route refresh': '+; X; → Idle',
    'bad route refresh': '+; X; → Idle',
    'connect retry expires': '–',
    'hold expires': '–',
    'keepalive expires': '–',
    'delay open expires': 'OPEN; hold 240; no delay-open; → OpenSent',
    'idle hold expires': '–',
    'send hold expires': '–',
  },
  Active: {
    start: '–',
    'start later': '–',
    'manual stop': 'X; → Idle',
    'silent stop': 'X; → Idle',
    'automatic stop': '+; X; → Idle',
    'tcp up': 'OPEN; hold 240; no connect-retry; → OpenSent',
    'tcp fails': '+; X; → Idle',
    open: '+; X; → Idle',
    'header error': '+; X; → Idle',
    'open error': '+; X; → Idle',
    'collision dump': 'X; → Idle',
    'version error': '+; X; → Idle',
    notification: '+; X; → Idle',
    keepalive: '+; X; → Idle',
    update: '+; X; → Idle',
    'update error': '+; X; → Idle',
    'route refresh': '+; X; → Idle',
    'bad route refresh': '+; X; → Idle',
    'connect retry expires': 'dial; connect-retry 4; → Connect',
    'hold expires': '–',
    'keepalive expires': '–',
    'delay open expires': '–',
    'idle hold expires': '–',
    'send hold expires': '–',
  },
  'Active, delayed': {
    start: '–',
    'start later': '–',
    'manual stop': 'X; → Idle',
    'silent stop': 'X; → Idle',
    'automatic stop': '+; X; → Idle',
    'tcp up': 'OPEN; hold 240; no delay-open; → OpenSent',
    'tcp fails': '+; X; → Idle',
    open: 'OPEN; KA; hold 90; keepalive 30; no delay-open; → OpenConfirm',
    'header error': '+; X; → Idle',
    'open error': '+; X; → Idle',
    'collision dump': 'X; → Idle',
    'version error': 'X; → Idle',
    notification: '+; X; → Idle',
    keepalive: '+; X; → Idle',
    update: '+; X; → Idle',
    'update error': '+; X; → Idle',
    'route refresh': '+; X; → Idle',
    'bad route refresh': '+; X; → Idle',
    'connect retry expires': '–',
    'hold expires': '–',
    'keepalive expires': '–',
    'delay open expires': 'OPEN; hold 240; no delay-open; → OpenSent',
    'idle hold expires': '–',
    'send hold expires': '–',
  },
  OpenSent: {
    start: '–',
    'start later': '–',
    'manual stop': 'N(6/2); X; → Idle',
    'silent stop': 'X; → Idle',
    'automatic stop': 'N(6/1); +; X; → Idle',
    'tcp up': '–',
    'tcp fails': 'X; connect-retry 4; no hold; → Active',
    open: 'KA; hold 90; keepalive 30; → OpenConfirm',
    'header error': 'N(1/2 0003); +; X; → Idle',
    'open error': 'N(2/2); +; X; → Idle',
    'collision dump': 'N(6/7); X; → Idle',
    'version error': 'X; → Idle',
    notification: '+; X; → Idle',
    keepalive: 'N(5/1 04); +; X; → Idle',
    update: 'N(5/1 02); +; X; → Idle',
    'update error': 'N(5/1 02); +; X; → Idle',
    'route refresh': 'N(5/1 05); +; X; → Idle',
    'bad route refresh': 'N(5/1 05); +; X; → Idle',
    'connect retry expires': '–',
    'hold expires': 'N(4/0); +; X; → Idle',
    'keepalive expires': '–',
    'delay open expires': '–',
    'idle hold expires': '–',
    'send hold expires': '–',
  },
  OpenConfirm: {
    start: '–',
    'start later': '–',
    'manual stop': 'N(6/2); X; → Idle',
    'silent stop': 'X; → Idle',
    'automatic stop': 'N(6/1); +; X; → Idle',
    'tcp up': '–',
    'tcp fails': '+; X; → Idle',
    open: 'N(5/2 01); +; X; → Idle',
    'header error': 'N(1/2 0003); +; X; → Idle',
    'open error': 'N(2/2); +; X; → Idle',
    'collision dump': 'N(6/7); X; → Idle',
    'version error': 'X; → Idle',
    notification: '+; X; → Idle',
    keepalive: 'established; hold 90; send-hold 480; → Established',
    update: 'N(5/2 02); +; X; → Idle',
    'update error': 'N(5/2 02); +; X; → Idle',
    'route refresh': 'N(5/2 05); +; X; → Idle',
    'bad route refresh': 'N(5/2 05); +; X; → Idle',
    'connect retry expires': '–',
    'hold expires': 'N(4/0); +; X; → Idle',
    'keepalive expires': 'KA; keepalive 30',
    'delay open expires': '–',
    'idle hold expires': '–',
    'send hold expires': '–',
  },
  Established: {
    start: '–',
    'start later': '–',
    'manual stop': 'N(6/2); X; R(sent); → Idle',
    'silent stop': 'X; R(stopped); → Idle',
    'automatic stop': 'N(6/1); +; X; R(sent); → Idle',
    'tcp up': '–',
    'tcp fails': '+; X; R(lost); → Idle',
    open: 'N(5/3 01); +; X; R(sent); → Idle',
    'header error': 'N(1/2 0003); +; X; R(sent); → Idle',
    'open error': 'N(2/2); +; X; R(sent); → Idle',
    'collision dump': 'N(6/7); X; R(stopped); → Idle',
    'version error': '+; X; R(received); → Idle',
    notification: '+; X; R(received); → Idle',
    keepalive: 'hold 90',
    update: 'process; hold 90',
    'update error': 'N(3/1); +; X; R(sent); → Idle',
    'route refresh': 'process; hold 90',
    'bad route refresh': 'N(7/1); +; X; R(sent); → Idle',
    'connect retry expires': '–',
    'hold expires': 'N(4/0); +; X; R(hold); → Idle',
    'keepalive expires': 'KA; keepalive 30',
    'delay open expires': '–',
    'idle hold expires': '–',
    'send hold expires': '+; X!; R(sent); → Idle',
  },
};

/** What a timer does in a state that never runs it, were it to run there. */
const MISPLACED: Readonly<Record<SessionState, string>> = {
  Idle: '–',
  Connect: '+; X; → Idle',
  Active: '+; X; → Idle',
  OpenSent: 'N(5/0); +; X; → Idle',
  OpenConfirm: 'N(5/0); +; X; → Idle',
  Established: 'N(5/0); +; X; R(sent); → Idle',
};

/** The timers that a state does run, or that the RFC gives a meaning there. */
const PLACED: Readonly<Record<SessionState, readonly TimerName[]>> = {
  Idle: ['idle-hold'],
  Connect: ['connect-retry', 'delay-open'],
  Active: ['connect-retry', 'delay-open'],
  OpenSent: ['hold'],
  OpenConfirm: ['hold', 'keepalive', 'send-hold'],
  Established: ['hold', 'keepalive', 'send-hold'],
};

for (const [name, fsm] of Object.entries(STARTS)) {
  t.test(`in ${name}, each event does what the table says`, async (t) => {
    const row = TABLE[name]!;
    t.same(Object.keys(row).sort(), Object.keys(EVENTS).sort(), 'the row is complete');
    for (const [event, value] of Object.entries(EVENTS)) {
      t.equal(show(step(fsm, value, NOW, SETTINGS), fsm), row[event as EventName], event);
    }
  });
}

t.test('the table has all six states', async (t) => {
  t.same(Object.keys(TABLE), Object.keys(STARTS));
  t.same([...new Set(Object.values(STARTS).map(({ state }) => state))], Object.keys(MISPLACED));
});

t.test('a timer that is not running is ignored; one that runs where it should not is an error', async (t) => {
  for (const state of Object.keys(MISPLACED) as SessionState[]) {
    for (const name of TIMER_NAMES) {
      const event: SessionEvent = { kind: 'timer', name };
      t.equal(show(step(at(state), event, NOW, SETTINGS), at(state)), '–', `${state}: stale ${name}`);
      if (PLACED[state].includes(name)) continue;
      t.equal(show(step(at(state, name), event, NOW, SETTINGS), at(state)), MISPLACED[state], `${state}: ${name}`);
    }
  }
});

t.test('an idle hold delays the start', async (t) => {
  const waiting = step(at('Idle'), { kind: 'start', after: 2000 }, NOW, SETTINGS).fsm;
  t.equal(waiting.state, 'Idle');
  t.equal(step(waiting, { kind: 'timer', name: 'idle-hold' }, NOW + 2000, SETTINGS).fsm.state, 'Connect');
  const stopped = step(waiting, { kind: 'manual-stop' }, NOW + 1000, SETTINGS).fsm;
  t.equal(step(stopped, { kind: 'timer', name: 'idle-hold' }, NOW + 2000, SETTINGS).fsm.state, 'Idle');
});

t.test('a connection that is only waited for never dials', async (t) => {
  const passive = { ...SETTINGS, dials: false };
  const started = step(at('Idle'), { kind: 'start' }, NOW, passive);
  t.equal(show(started, at('Idle')), '→ Active');
  const opened = step(started.fsm, { kind: 'tcp-up' }, NOW, passive).fsm;
  t.equal(show(step(opened, { kind: 'tcp-fails', reason: 'gone' }, NOW, passive), opened), 'X; no hold; → Active');
});

t.test('DelayOpen waits for the peer to speak first', async (t) => {
  const polite = { ...SETTINGS, delayOpenTime: 5 };
  for (const name of ['Connect', 'Active']) {
    const up = step(STARTS[name]!, { kind: 'tcp-up' }, NOW, polite);
    t.equal(show(up, STARTS[name]!), 'delay-open 5; no connect-retry');
  }
});

t.test('dials follow each other soon at first, then ever later, and never in step with others', async (t) => {
  const waits: number[] = [];
  let fsm = step(at('Idle'), { kind: 'start' }, 0, SETTINGS).fsm;
  for (let dial = 0; dial < 12; dial++) {
    const due: number = fsm.timers['connect-retry']!;
    waits.push(due / 1000);
    fsm = postponed(step(fsm, { kind: 'timer', name: 'connect-retry' }, 0, SETTINGS).fsm, 'hold', 0);
  }
  t.same(waits, [0.5, 1, 2, 4, 8, 16, 32, 64, 120, 120, 120, 120]);

  const refused: number[] = [];
  fsm = step(at('Idle'), { kind: 'start' }, 0, SETTINGS).fsm;
  for (let dial = 0; dial < 5; dial++) {
    fsm = step(fsm, { kind: 'tcp-fails', reason: 'refused' }, 0, SETTINGS).fsm;
    refused.push(fsm.timers['connect-retry']! / 1000);
    fsm = step(fsm, { kind: 'timer', name: 'connect-retry' }, 0, SETTINGS).fsm;
  }
  t.same(refused, waits.slice(0, 5), 'also when each is refused at once');

  const jittered = step(at('Idle'), { kind: 'start' }, 0, { ...SETTINGS, random: () => 0.999 }).fsm;
  t.ok(jittered.timers['connect-retry']! < 380);
});

t.test('with hold time 0 neither hold, keepalive nor send-hold timers run', async (t) => {
  const confirmed = step(STARTS['OpenSent']!, { kind: 'open', holdTime: 0, keepaliveTime: 0 }, NOW, SETTINGS).fsm;
  t.same(running(confirmed), []);
  t.same(running(step(confirmed, { kind: 'keepalive' }, NOW, SETTINGS).fsm), []);
});

t.test('the send-hold time is twice the hold time, and eight minutes at least', async (t) => {
  const long = { ...STARTS['OpenConfirm']!, holdTime: 600 };
  t.equal(step(long, { kind: 'keepalive' }, 0, SETTINGS).fsm.timers['send-hold'], 1_200_000);
});

t.test('a step leaves the state that it was given as it was', async (t) => {
  for (const fsm of Object.values(STARTS)) {
    const copy = structuredClone(fsm);
    for (const event of Object.values(EVENTS)) step(fsm, event, NOW, SETTINGS);
    t.same(fsm, copy);
  }
});

t.test('what the table says of is what runs: each event is fed to the machine somewhere', async (t) => {
  const runs = globSync('src/bgp/session/*.ts').filter(
    (file) => !/fsm(-connecting|-opened)?\.ts|events\.ts/.test(file),
  );
  const text = runs.map((file) => readFileSync(file, 'utf8')).join('\n');
  for (const { kind } of Object.values(EVENTS))
    t.match(text, new RegExp(`kind: (\\w+ \\? )?('[a-z-]+' : )?'${kind}'`), kind);
});

t.test('messages of a session that is up cost no new state', async (t) => {
  const up = STARTS['Established']!;
  for (const kind of ['keepalive', 'update', 'route-refresh'] as const)
    t.equal(step(up, { kind }, NOW, SETTINGS).fsm, up);
});
