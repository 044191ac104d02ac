import t from 'tap';
import { VirtualClock } from '../../../src/base/index.ts';
import { RouteEngine } from '../../../src/bgp/rib/index.ts';
import { endTable, say } from './announcer.ts';
import { ASN, Reader } from './reader.ts';

function start(reader: Reader, restarted = false): { clock: VirtualClock; engine: RouteEngine } {
  const clock = new VirtualClock();
  const engine = new RouteEngine({ asn: ASN, routerId: '10.0.0.1', clock, restarted, event: () => {} });
  engine.configure(reader.config);
  engine.sessions.established(reader, reader.negotiated);
  return { clock, engine };
}

t.test('a refresh is sent between marks to those who know them (RFC 7313), and without to others', (t) => {
  for (const enhancedRouteRefresh of [true, false]) {
    const reader = new Reader('10.0.0.2', { enhancedRouteRefresh });
    const { clock, engine } = start(reader);
    engine.originate([{ prefix: '192.168.0.0/24' }, { prefix: '192.168.1.0/24', med: 5 }]);
    clock.advance(1);
    reader.kinds.length = 0;
    engine.sessions.refresh(reader, 'ipv4-unicast', 'request');
    clock.advance(1);
    const updates = ['update', 'update'];
    t.same(reader.kinds, enhancedRouteRefresh ? ['begin', ...updates, 'end'] : updates);
  }
  t.end();
});

t.test('however often a peer asks, one refresh is under way and one is to come', (t) => {
  const reader = new Reader('10.0.0.2', { enhancedRouteRefresh: true });
  const { clock, engine } = start(reader);
  engine.originate([{ prefix: '192.168.0.0/24' }]);
  clock.advance(1);
  reader.kinds.length = 0;
  const ask = (): void => {
    for (let times = 0; times < 1000; times++) engine.sessions.refresh(reader, 'ipv4-unicast', 'request');
    clock.advance(1);
  };
  ask();
  t.same(reader.kinds, ['begin', 'update', 'end']);
  reader.stuck = true;
  ask();
  t.same(reader.kinds.slice(3), ['begin'], 'the peer does not read');
  ask();
  reader.stuck = false;
  engine.sessions.drained(reader);
  clock.advance(1);
  t.same(reader.kinds.slice(3), ['begin', 'update', 'end', 'begin', 'update', 'end']);
  t.end();
});

t.test('a peer whose export changes while it is being sent a refresh is told the end of it', (t) => {
  const reader = new Reader('10.0.0.2', { enhancedRouteRefresh: true });
  const { clock, engine } = start(reader);
  engine.originate([{ prefix: '192.168.0.0/24' }]);
  clock.advance(1);
  reader.kinds.length = 0;
  reader.stuck = true;
  engine.sessions.refresh(reader, 'ipv4-unicast', 'request');
  clock.advance(1);
  engine.configure({ ...reader.config, exportFilter: { name: 'other', rules: [], default: 'accept' } });
  clock.advance(1);
  reader.stuck = false;
  engine.sessions.drained(reader);
  clock.advance(1);
  t.same([reader.kinds.at(0), reader.kinds.at(-1)], ['begin', 'end']);
  t.equal(reader.kinds.filter((kind) => kind === 'end').length, 1);
  t.end();
});

t.test('what a peer does not announce again between its marks is gone', (t) => {
  const reader = new Reader('10.0.0.2', { enhancedRouteRefresh: true });
  const { clock, engine } = start(reader);
  say(engine, reader, [1, 2, 3], 100);
  clock.advance(1);
  engine.sessions.refresh(reader, 'ipv4-unicast', 'begin');
  say(engine, reader, [1, 3], 100);
  clock.advance(1);
  t.equal(engine.counts(reader.config.address).received, 3, 'until the end mark nothing goes');
  engine.sessions.refresh(reader, 'ipv4-unicast', 'end');
  clock.advance(1);
  t.equal(engine.counts(reader.config.address).received, 2);
  t.equal(engine.explain('11.0.0.128/26').paths.length, 0);
  t.end();
});

t.test('a refresh that is begun again starts over, and begun twice in a row is one', (t) => {
  const reader = new Reader('10.0.0.2', { enhancedRouteRefresh: true });
  const { clock, engine } = start(reader);
  const received = (): number => engine.counts(reader.config.address).received;
  const mark = (subtype: 'begin' | 'end'): void => engine.sessions.refresh(reader, 'ipv4-unicast', subtype);
  say(engine, reader, [1, 2, 3], 100);
  mark('begin');
  mark('begin');
  say(engine, reader, [1, 2], 100);
  mark('begin');
  say(engine, reader, [1, 3], 100);
  mark('end');
  clock.advance(1);
  t.equal(received(), 2, 'what was announced before the second beginning does not count');
  mark('begin');
  mark('end');
  clock.advance(1);
  t.equal(received(), 0);
  t.end();
});

t.test('a peer that asks before the end of its first table is told that end, then the whole once more', (t) => {
  const reader = new Reader('10.0.0.2', { enhancedRouteRefresh: true });
  const { clock, engine } = start(reader, true);
  engine.start();
  // Somebody else is away, and his routes are waited for before the table is complete.
  engine.configure(new Reader('10.0.0.3').config);
  engine.originate([{ prefix: '192.168.0.0/24' }]);
  clock.advance(1);
  engine.sessions.refresh(reader, 'ipv4-unicast', 'request');
  clock.advance(1000);
  t.same([reader.kinds, reader.endOfRibs], [['update'], 0], 'no mark yet (RFC 7313 §4)');
  clock.advance(10_000);
  t.same([reader.kinds, reader.endOfRibs], [['update', 'update', 'begin', 'update', 'end'], 1]);
  t.end();
});

t.test('marks that come before the end of a first table mean nothing (RFC 7313 §4)', (t) => {
  const gracefulRestart = { restartTime: 120, restarting: false, notification: false, families: [] };
  const reader = new Reader('10.0.0.2', { enhancedRouteRefresh: true, gracefulRestart });
  const { clock, engine } = start(reader);
  const received = (): number => engine.counts(reader.config.address).received;
  const marks = (): void => {
    for (const mark of ['begin', 'end'] as const) engine.sessions.refresh(reader, 'ipv4-unicast', mark);
    clock.advance(1);
  };
  say(engine, reader, [1, 2], 100);
  marks();
  t.equal(received(), 2);
  endTable(engine, reader);
  marks();
  t.equal(received(), 0);
  t.end();
});
