import t from 'tap';
import { parsePrefix, VirtualClock } from '../../../src/base/index.ts';
import { decodeRtr } from '../../../src/bgp/rpki/decode.ts';
import { encodeRtr } from '../../../src/bgp/rpki/encode.ts';
import { intervalsWithin } from '../../../src/bgp/rpki/intervals.ts';
import type { RtrPdu } from '../../../src/bgp/rpki/pdu.ts';
import { RtrSession } from '../../../src/bgp/rpki/session.ts';

type Written = Parameters<typeof encodeRtr>[0];
type Body = Written extends infer P ? (P extends unknown ? Omit<P, 'version'> : never) : never;

const SECOND = 1000;

/** A session on a clock that the test winds, and the cache's end of it. */
class Case {
  readonly clock = new VirtualClock();
  readonly asked: RtrPdu[] = [];
  readonly dropped: string[] = [];
  changes = 0;
  readonly session: RtrSession;

  constructor(limit = 100) {
    this.session = new RtrSession(
      this.clock,
      {
        send: (message) => this.asked.push(decodeRtr(message)),
        drop: (reason, again) => this.dropped.push(`${again}: ${reason}`),
        changed: () => this.changes++,
        settled: () => {},
      },
      limit,
    );
  }

  says(...bodies: readonly Body[]): void {
    this.saysIn(1, ...bodies);
  }

  saysIn(version: 0 | 1, ...bodies: readonly Body[]): void {
    for (const body of bodies) this.session.received(encodeRtr({ version, ...body } as Written));
  }

  /** A whole answer with these prefixes, of AS 65001; `-` before one withdraws it. */
  answers(serial: number, prefixes: readonly string[], sessionId = 7, version: 0 | 1 = 1): void {
    this.saysIn(version, { kind: 'cache-response', sessionId }, ...prefixes.map(prefix), end(serial, sessionId));
  }

  get last(): string {
    const pdu = this.asked[this.asked.length - 1];
    return pdu.kind === 'serial-query'
      ? `${pdu.kind} ${pdu.sessionId} ${pdu.serial} v${pdu.version}`
      : `${pdu.kind}${pdu.kind === 'error-report' ? ` ${pdu.code}` : ''} v${pdu.version}`;
  }

  judged(cidr: string): string {
    return this.session.table.validate(parsePrefix(cidr), 65001);
  }
}

function prefix(text: string): Body {
  const cidr = text.replace(/^-/, '');
  const payload = { prefix: parsePrefix(cidr), maxLength: parsePrefix(cidr).length, asn: 65001 };
  return { kind: 'prefix', announce: cidr === text, payload };
}

function end(serial: number, sessionId = 7, intervals = { refresh: 100, retry: 10, expire: 600 }): Body {
  return { kind: 'end-of-data', sessionId, serial, intervals };
}

function settled(prefixes: readonly string[] = ['10.0.0.0/8']): Case {
  const cache = new Case();
  cache.session.connected();
  cache.answers(1, prefixes);
  return cache;
}

t.test('data is applied at End of Data, not before', (t) => {
  const cache = new Case();
  cache.session.connected();
  t.equal(cache.last, 'reset-query v1');
  cache.says({ kind: 'cache-response', sessionId: 7 }, prefix('10.0.0.0/8'));
  t.equal(cache.judged('10.0.0.0/8'), 'not-found');
  cache.says(end(1));
  t.equal(cache.judged('10.0.0.0/8'), 'valid');
  t.same([cache.changes, cache.session.settled, cache.session.data?.serial], [1, true, 1]);
  t.end();
});

t.test('changes alone are asked for: after the refresh time, at a notify, on a new connection', (t) => {
  const cache = settled();
  cache.clock.advance(99 * SECOND);
  t.equal(cache.asked.length, 1);
  cache.clock.advance(SECOND);
  t.equal(cache.last, 'serial-query 7 1 v1');
  cache.answers(1, []);
  t.equal(cache.changes, 1, 'nothing new is no change');
  cache.says({ kind: 'serial-notify', sessionId: 7, serial: 1 });
  t.equal(cache.asked.length, 2, 'a notify of what we have asks for nothing');
  cache.says({ kind: 'serial-notify', sessionId: 7, serial: 2 });
  t.equal(cache.asked.length, 3);
  cache.answers(2, ['-10.0.0.0/8', '11.0.0.0/8']);
  t.same([cache.judged('10.0.0.0/8'), cache.judged('11.0.0.0/8')], ['not-found', 'valid']);
  cache.session.disconnected();
  cache.session.connected();
  t.equal(cache.last, 'serial-query 7 2 v1');
  t.end();
});

t.test('an answer that breaks off changes nothing', (t) => {
  const cache = settled();
  cache.clock.advance(100 * SECOND);
  cache.says({ kind: 'cache-response', sessionId: 7 }, prefix('-10.0.0.0/8'), prefix('12.0.0.0/8'));
  cache.session.disconnected();
  t.same([cache.judged('10.0.0.0/8'), cache.judged('12.0.0.0/8')], ['valid', 'not-found']);
  t.end();
});

t.test('a cache that can not tell changes is asked for all, and the old holds until then', (t) => {
  const cache = settled();
  cache.clock.advance(100 * SECOND);
  cache.says({ kind: 'cache-reset' });
  t.equal(cache.last, 'reset-query v1');
  t.equal(cache.judged('10.0.0.0/8'), 'valid');
  cache.answers(1, ['11.0.0.0/8'], 8);
  t.same([cache.judged('10.0.0.0/8'), cache.judged('11.0.0.0/8')], ['not-found', 'valid']);
  t.end();
});

t.test('data expires: then every route is not-found, and all is asked for', (t) => {
  const cache = settled();
  cache.session.disconnected();
  cache.clock.advance(599 * SECOND);
  t.equal(cache.judged('10.0.0.0/8'), 'valid');
  cache.clock.advance(SECOND);
  t.equal(cache.judged('10.0.0.0/8'), 'not-found');
  t.equal(cache.changes, 2);
  cache.session.connected();
  t.equal(cache.last, 'reset-query v1');
  t.end();
});

t.test('a session number that changes voids the data', (t) => {
  const cache = settled();
  cache.says({ kind: 'serial-notify', sessionId: 8, serial: 1 });
  t.equal(cache.last, 'error-report 0 v1');
  t.equal(cache.judged('10.0.0.0/8'), 'not-found');
  t.match(cache.dropped, [/^later: .*session 8 after session 7/]);
  t.end();
});

t.test('a cache of version 0 is spoken to in version 0: at its word, or when it answers so', (t) => {
  const refusing = new Case();
  refusing.session.connected();
  refusing.saysIn(0, { kind: 'error-report', code: 4, quoted: new Uint8Array(0), text: '' });
  t.match(refusing.dropped, [/^now: /]);
  refusing.session.connected();
  t.equal(refusing.last, 'reset-query v0');
  const answering = new Case();
  answering.session.connected();
  answering.answers(1, ['10.0.0.0/8'], 7, 0);
  t.equal(answering.judged('10.0.0.0/8'), 'valid');
  t.same(answering.session.intervals, { refresh: 3600, retry: 600, expire: 7200 });
  answering.saysIn(1, { kind: 'serial-notify', sessionId: 7, serial: 2 });
  t.equal(answering.last, 'error-report 8 v0', 'but not in both');
  t.end();
});

t.test('a notify before versions are agreed on is passed over, in whatever version', (t) => {
  const cache = new Case();
  cache.session.connected();
  cache.session.received(Uint8Array.of(2, 0, 0, 9, 0, 0, 0, 12, 0, 0, 0, 1));
  t.same([cache.dropped, cache.asked.length], [[], 1]);
  t.end();
});

const faults: readonly (readonly [string, readonly Body[], number])[] = [
  ['what is there twice', [{ kind: 'cache-response', sessionId: 7 }, prefix('10.0.0.0/8')], 7],
  ['what is not there withdrawn', [{ kind: 'cache-response', sessionId: 7 }, prefix('-11.0.0.0/8')], 6],
  ['a prefix out of turn', [prefix('11.0.0.0/8')], 0],
  ['an End of Data out of turn', [end(2)], 0],
  ['a query', [{ kind: 'reset-query' }], 3],
];

t.test('what a cache may not say ends the connection, with the reason, and the data stays', (t) => {
  for (const [what, bodies, code] of faults) {
    const cache = settled();
    cache.clock.advance(100 * SECOND);
    cache.says(...bodies);
    t.equal(cache.last, `error-report ${code} v1`, what);
    t.equal(cache.dropped.length, 1);
    t.equal(cache.judged('10.0.0.0/8'), 'valid');
  }
  const reporting = settled();
  reporting.says({ kind: 'error-report', code: 1, quoted: new Uint8Array(0), text: 'out of luck' });
  t.match(reporting.dropped, [/^later: .*error 1: out of luck/]);
  t.equal(reporting.asked.length, 1, 'an Error Report is not answered');
  const talking = settled();
  talking.says({ kind: 'error-report', code: 1, quoted: new Uint8Array(0), text: 'no '.repeat(1000) });
  t.equal(talking.dropped[0].length, 'later: the cache reports error 1: '.length + 200, 'and shown up to a length');
  t.end();
});

t.test('a cache that leaves at a query for changes is asked for all; the data holds until then', (t) => {
  const refusing = settled();
  refusing.clock.advance(100 * SECOND);
  refusing.says({ kind: 'error-report', code: 0, quoted: new Uint8Array(0), text: 'another session' });
  const leaving = settled();
  leaving.clock.advance(100 * SECOND);
  leaving.session.disconnected();
  for (const cache of [refusing, leaving]) {
    t.equal(cache.judged('10.0.0.0/8'), 'valid');
    cache.session.connected();
    t.equal(cache.last, 'reset-query v1');
  }
  t.end();
});

t.test('a cache without data, and one that falls silent, are left', (t) => {
  const empty = new Case();
  empty.session.connected();
  empty.says({ kind: 'error-report', code: 2, quoted: new Uint8Array(0), text: '' });
  t.match(empty.dropped, [/no data yet/]);
  const silent = new Case();
  silent.session.connected();
  silent.says({ kind: 'cache-response', sessionId: 7 });
  silent.clock.advance(59 * SECOND);
  silent.says(prefix('10.0.0.0/8'));
  silent.clock.advance(59 * SECOND);
  t.same(silent.dropped, []);
  silent.clock.advance(SECOND);
  t.match(silent.dropped, [/silent for 60 s/]);
  t.equal(silent.clock.pending, 0);
  t.end();
});

t.test('more prefixes than the limit are refused, at once and bit by bit', (t) => {
  const cache = new Case(2);
  cache.session.connected();
  cache.answers(1, ['10.0.0.0/8', '11.0.0.0/8']);
  t.equal(cache.session.table.size, 2);
  cache.clock.advance(100 * SECOND);
  cache.answers(2, ['-11.0.0.0/8', '12.0.0.0/8']);
  t.same(cache.dropped, []);
  cache.clock.advance(100 * SECOND);
  cache.answers(3, ['13.0.0.0/8']);
  t.match(cache.dropped, [/more than 2 prefixes/]);
  cache.session.connected();
  cache.says({ kind: 'cache-reset' });
  cache.answers(4, ['10.0.0.0/8', '11.0.0.0/8', '14.0.0.0/8']);
  t.equal(cache.dropped.length, 2);
  t.equal(cache.judged('12.0.0.0/8'), 'valid', 'what was there stays');
  t.end();
});

t.test('intervals are brought within the bounds of RFC 8210 §6', (t) => {
  t.same(intervalsWithin({ refresh: 0, retry: 0, expire: 0 }), { refresh: 1, retry: 1, expire: 600 });
  t.same(intervalsWithin({ refresh: 1e9, retry: 1e9, expire: 1e9 }), { refresh: 86_400, retry: 7200, expire: 172_800 });
  t.same(intervalsWithin({ refresh: 7200, retry: 60, expire: 600 }).expire, 7201);
  t.end();
});
