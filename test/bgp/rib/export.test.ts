import t from 'tap';
import { VirtualClock } from '../../../src/base/index.ts';
import { RouteEngine } from '../../../src/bgp/rib/index.ts';
import { ASN, Reader } from './reader.ts';

function routes(from: number, to: number): { prefix: string }[] {
  return Array.from({ length: to - from }, (_, at) => {
    const value = 0x0b000000 + (from + at) * 64;
    return { prefix: `${value >>> 24}.${(value >> 16) & 255}.${(value >> 8) & 255}.${value & 255}/26` };
  });
}

function start(): { clock: VirtualClock; engine: RouteEngine; join: (reader: Reader) => Reader } {
  const clock = new VirtualClock();
  const engine = new RouteEngine({ asn: ASN, routerId: '10.0.0.1', clock, event: () => {}, window: 100_000 });
  const join = (reader: Reader): Reader => {
    engine.configure(reader.config);
    engine.sessions.established(reader, reader.negotiated);
    return reader;
  };
  return { clock, engine, join };
}

t.test('what all peers of a group get is encoded once: they get the same buffer', (t) => {
  const { clock, engine, join } = start();
  const readers = Array.from({ length: 20 }, (_, at) => join(new Reader(`10.0.0.${at + 2}`)));
  clock.advance(1);
  engine.originate(routes(0, 3000));
  clock.advance(1);
  for (const { table, received } of readers) {
    t.equal(table.size, 3000);
    t.ok(received.every((buffer, at) => buffer === readers[0].received[at] || buffer.length === 23));
  }
  t.end();
});

t.test('newcomers share one encoding of the table, and End-of-RIB follows it', (t) => {
  const { clock, engine, join } = start();
  join(new Reader('10.0.0.2'));
  engine.originate(routes(0, 20_000));
  clock.advance(1);
  const newcomers = [join(new Reader('10.0.0.3')), join(new Reader('10.0.0.4'))];
  clock.advance(1);
  for (const { table, endOfRibs } of newcomers) t.same([table.size, endOfRibs], [20_000, 1]);
  t.equal(newcomers[0].received[0], newcomers[1].received[0]);
  clock.advance(60_000);
  const late = join(new Reader('10.0.0.5'));
  clock.advance(1);
  t.equal(late.table.size, 20_000);
  t.not(late.received[0], newcomers[0].received[0]);
  t.end();
});

t.test('peers whose bytes differ are in groups of their own', (t) => {
  const { clock, engine, join } = start();
  const wide = join(new Reader('10.0.0.2', { extendedMessages: true }));
  const narrow = join(new Reader('10.0.0.3'));
  engine.originate(routes(0, 3000));
  clock.advance(1);
  t.same([wide.table.size, narrow.table.size], [3000, 3000]);
  t.ok(wide.received[0].length < narrow.received[0].length);
  t.end();
});

t.test('a stuck peer costs the others nothing and is caught up from the table, not from history', (t) => {
  const { clock, engine, join } = start();
  const quick = join(new Reader('10.0.0.2'));
  const slow = join(new Reader('10.0.0.3'));
  clock.advance(1);
  slow.stuck = true;
  engine.originate(routes(0, 10_000));
  clock.advance(1);
  // Far more change than the window for lagging members holds.
  for (let round = 1; round <= 8; round++) {
    engine.originate(routes(round % 2 === 0 ? 0 : 5000, round % 2 === 0 ? 10_000 : 15_000));
    clock.advance(1);
  }
  engine.originate(routes(100, 9000));
  clock.advance(1);
  t.equal(quick.table.size, 8900);
  const told = slow.received.length;
  slow.stuck = false;
  engine.sessions.drained(slow);
  clock.advance(1);
  t.same([...slow.table].sort(), [...quick.table].sort());
  const octets = slow.received.slice(told).reduce((sum, { length }) => sum + length, 0);
  t.ok(octets < 115_000, `${octets} octets to catch up`);
  engine.originate(routes(100, 9001));
  clock.advance(1);
  t.equal(slow.received.at(-1), quick.received.at(-1), 'it is in the stream again');
  t.end();
});

t.test('a peer that is stuck in the middle of its first table still gets a whole one', (t) => {
  const { clock, engine, join } = start();
  const quick = join(new Reader('10.0.0.2'));
  engine.originate(routes(0, 20_000));
  clock.advance(1);
  const slow = new Reader('10.0.0.3');
  slow.stuck = true;
  join(slow);
  clock.advance(1);
  t.ok(slow.table.size > 0 && slow.table.size < 20_000);
  for (let round = 0; round < 8; round++) {
    engine.originate(routes(round % 2 === 0 ? 10_000 : 0, 20_000));
    clock.advance(1);
  }
  engine.originate(routes(10, 15_000));
  clock.advance(1);
  slow.stuck = false;
  for (let round = 0; round < 30; round++) {
    engine.sessions.drained(slow);
    clock.advance(1);
  }
  t.equal(quick.table.size, 14_990);
  t.same([...slow.table].sort(), [...quick.table].sort());
  t.equal(slow.endOfRibs, 1);
  t.end();
});

t.test('everything is announced when every peer that is up has been written all of it', async (t) => {
  const { clock, engine, join } = start();
  const peers = [join(new Reader('10.0.0.2')), join(new Reader('10.0.0.3'))];
  const [, slow] = peers;
  clock.advance(1);
  const wait = (): { over: boolean } => {
    const waiting = { over: false };
    engine.announced().then(() => {
      waiting.over = true;
    });
    return waiting;
  };
  /** Lets promises that are resolved be heard. */
  const heard = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  engine.originate(routes(0, 10_000));
  const first = wait();
  await heard();
  t.notOk(first.over, 'nothing is written before its turn');
  clock.advance(1);
  await heard();
  t.ok(first.over);
  t.same(
    peers.map(({ table }) => table.size),
    [10_000, 10_000],
  );

  const again = wait();
  clock.advance(1);
  await heard();
  t.ok(again.over, 'there is nothing to write');

  slow.stuck = true;
  engine.originate(routes(0, 30_000));
  const second = wait();
  clock.advance(1);
  await heard();
  t.notOk(second.over, 'a peer does not read');
  slow.stuck = false;
  engine.sessions.drained(slow);
  clock.advance(1);
  await heard();
  t.ok(second.over);
  t.equal(slow.table.size, 30_000);

  slow.stuck = true;
  engine.originate(routes(0, 10_000));
  const third = wait();
  clock.advance(1);
  await heard();
  t.notOk(third.over);
  engine.sessions.closed(slow, 'hold timer', []);
  clock.advance(1);
  await heard();
  t.ok(third.over, 'nobody waits for a peer that is gone');

  const last = wait();
  engine.stop();
  await heard();
  t.ok(last.over, 'nor for a speaker that has ended');
});

t.test('a change that is undone within one turn is never sent', (t) => {
  const { clock, engine, join } = start();
  const reader = join(new Reader('10.0.0.2'));
  clock.advance(1);
  const before = reader.received.length;
  engine.originate(routes(0, 10));
  engine.originate([]);
  clock.advance(1);
  t.equal(reader.received.length, before);
  t.end();
});

t.test('everything is given back when routes and peers are gone', (t) => {
  const { clock, engine, join } = start();
  const reader = join(new Reader('10.0.0.2'));
  engine.originate(routes(0, 1000));
  clock.advance(5000);
  engine.originate([]);
  clock.advance(5000);
  t.equal(reader.table.size, 0);
  engine.sessions.closed(reader, 'gone', []);
  engine.remove(reader.config.address);
  clock.advance(5000);
  const { rib } = engine.ribs.families['ipv4-unicast'];
  t.same([rib.paths.size, rib.prefixes.size, engine.ribs.pool.size], [0, 0, 0]);
  t.end();
});
