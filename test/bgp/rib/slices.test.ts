import t from 'tap';
import { tryParseIpv4, VirtualClock } from '../../../src/base/index.ts';
import { RouteEngine } from '../../../src/bgp/rib/index.ts';
import { network, say } from './announcer.ts';
import { ASN, Reader } from './reader.ts';

/** Time flies now and then while work is done, so that slices end anywhere; each turn comes a millisecond later. */
class HurriedClock extends VirtualClock {
  #seed = 7;
  #drift = 0;
  turns = 0;

  override now(): number {
    this.#seed = (Math.imul(this.#seed, 1_103_515_245) + 12_345) >>> 0;
    if ((this.#seed >>> 16) % 2 === 0) this.#drift += 4;
    return super.now() + this.#drift;
  }

  override soon(action: () => void): () => void {
    return this.after(1, () => {
      this.turns++;
      action();
    });
  }
}

const COUNT = 5000;
const all = Array.from({ length: COUNT }, (_, number) => number);
const client = { routeReflector: { clusterId: '1.1.1.1' } };

function start() {
  const clock = new HurriedClock();
  const engine = new RouteEngine({ asn: ASN, routerId: '10.0.0.1', clock, event: () => {}, maximumPaths: 1 });
  const best = new Map<number, string>();
  let told = 0;
  engine.onBest(({ count, addresses, nextHops, nextHopSets }) => {
    told += count;
    for (let at = 0; at < count; at++) {
      if (nextHops[at] === 0) best.delete(addresses[at]);
      else best.set(addresses[at], nextHopSets[nextHops[at]].addresses.join());
    }
  });
  const join = (address: string): Reader => {
    const reader = new Reader(address, {}, client);
    engine.configure(reader.config);
    engine.sessions.established(reader, reader.negotiated);
    return reader;
  };
  return { clock, engine, best, join, told: () => told };
}

/** What a peer should have been sent: network → next hop. */
function table(entries: readonly (readonly [number, string])[]): [number, number][] {
  return entries.map(([number, nextHop]): [number, number] => [network(number), tryParseIpv4(nextHop)!]);
}

function sorted(of: Map<number, number>): [number, number][] {
  return [...of].sort(([a], [b]) => a - b);
}

t.test('a lost session is forgotten a slice at a time, and others take over', (t) => {
  const { clock, engine, best, join } = start();
  const [a, b, c] = ['10.0.0.2', '10.0.0.3', '10.0.0.4'].map(join);
  say(engine, a, all, 200);
  say(engine, b, all.slice(0, 2000), 100);
  clock.advance(500);
  t.same(sorted(c.table), table(all.map((number) => [number, '10.0.0.2'])));
  engine.sessions.closed(a, 'gone', []);
  const turns = clock.turns;
  clock.advance(500);
  t.ok(clock.turns > turns + 1, 'it took more than one turn');
  t.equal(best.size, 2000);
  t.same(sorted(c.table), table(all.slice(0, 2000).map((number) => [number, '10.0.0.3'])));
  t.end();
});

t.test('another import filter is applied a slice at a time; one that comes on the way is applied in its place', (t) => {
  const { clock, engine, best, join } = start();
  const a = join('10.0.0.2');
  say(engine, a, all, 200);
  clock.advance(500);
  t.equal(best.size, COUNT);
  const reject = { name: 'nothing', rules: [], default: 'reject' as const };
  engine.configure({ ...a.config, importFilter: reject });
  clock.advance(1);
  const { accepted } = engine.counts(a.config.address);
  t.ok(accepted > 0 && accepted < COUNT, `${accepted} not looked at yet`);
  engine.configure(a.config);
  clock.advance(500);
  t.equal(engine.counts(a.config.address).accepted, COUNT);
  t.equal(best.size, COUNT);
  engine.configure({ ...a.config, importFilter: reject });
  clock.advance(500);
  t.equal(best.size, 0);
  t.end();
});

t.test('a peer that returns while its old routes are still going keeps what it announces now', (t) => {
  const { clock, engine, join } = start();
  const [a, c] = ['10.0.0.2', '10.0.0.4'].map(join);
  say(engine, a, all, 200);
  clock.advance(500);
  engine.sessions.closed(a, 'gone', []);
  clock.advance(1);
  const again = join('10.0.0.2');
  say(engine, again, all.slice(1000, 1500), 200);
  clock.advance(500);
  t.same(sorted(c.table), table(all.slice(1000, 1500).map((number) => [number, '10.0.0.2'])));
  t.equal(engine.counts('10.0.0.2').received, 500);
  t.end();
});

t.test('a peer that is taken away and comes back under a new number is a new one', (t) => {
  const { clock, engine, join } = start();
  const [a, c] = ['10.0.0.2', '10.0.0.4'].map(join);
  say(engine, a, all, 200);
  clock.advance(500);
  engine.remove('10.0.0.2');
  const again = join('10.0.0.2');
  say(engine, again, all.slice(0, 10), 200);
  clock.advance(500);
  t.same(sorted(c.table), table(all.slice(0, 10).map((number) => [number, '10.0.0.2'])));
  t.equal(engine.ribs.families['ipv4-unicast'].rib.paths.size, 10);
  t.end();
});

t.test('routes of our own that are declared anew before the last were done', (t) => {
  const { clock, engine, join } = start();
  const c = join('10.0.0.4');
  const routes = (numbers: readonly number[], med: number) =>
    numbers.map((number) => ({ prefix: `11.${number >> 10}.${(number >> 2) & 255}.${(number & 3) * 64}/26`, med }));
  for (let round = 0; round < 20; round++) {
    engine.originate(routes(all.slice(round * 100), round % 3));
    clock.advance(round % 4);
  }
  engine.originate(routes(all.slice(300, 700), 9));
  clock.advance(500);
  t.same(sorted(c.table), table(all.slice(300, 700).map((number) => [number, '10.0.0.1'])));
  engine.originate([]);
  clock.advance(500);
  t.same([c.table.size, engine.ribs.families['ipv4-unicast'].rib.paths.size, engine.ribs.pool.size], [0, 0, 0]);
  t.end();
});

t.test('a replay tells everything once more, and changes on the way are not lost', (t) => {
  const { clock, engine, best, join, told } = start();
  const a = join('10.0.0.2');
  say(engine, a, all, 200);
  clock.advance(500);
  const before = told();
  best.clear();
  engine.replayBest();
  clock.advance(1);
  say(engine, a, all.slice(0, 100));
  clock.advance(500);
  t.equal(best.size, COUNT - 100);
  t.ok(told() - before <= COUNT + 100, 'nothing is told three times');
  t.end();
});

t.test('what changes between its decision and its announcement is announced as it is in the end', (t) => {
  const { clock, engine, join } = start();
  const [a, b, c] = ['10.0.0.2', '10.0.0.3', '10.0.0.4'].map(join);
  let seed = 1;
  const random = (limit: number): number => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((seed / 2 ** 32) * limit);
  };
  const has = new Map([a, b].map((peer) => [peer, new Map<number, number>()]));
  for (let round = 0; round < 300; round++) {
    const peer = random(2) === 0 ? a : b;
    const from = random(COUNT);
    const numbers = all.slice(from, from + random(1500));
    const localPref = random(3) === 0 ? undefined : 100 + random(3);
    say(engine, peer, numbers, localPref);
    for (const number of numbers) {
      if (localPref === undefined) has.get(peer)!.delete(number);
      else has.get(peer)!.set(number, localPref);
    }
    if (random(2) === 0) clock.advance(1);
  }
  clock.advance(1000);
  const expected = all.flatMap((number): [number, string][] => {
    const [first, second] = [has.get(a)!.get(number) ?? 0, has.get(b)!.get(number) ?? 0];
    if (first + second === 0) return [];
    return [[number, first >= second ? '10.0.0.2' : '10.0.0.3']];
  });
  t.same(sorted(c.table), table(expected));
  t.end();
});

t.test('between withdrawal and decision nothing is announced that nobody said', (t) => {
  const { clock, engine, join } = start();
  const [a, b, c] = ['10.0.0.2', '10.0.0.3', '10.0.0.4'].map(join);
  const half = COUNT / 2;
  const wrong: string[] = [];
  const peers = [a, b].map((peer, at) => ({ peer, own: all.slice(at * half, (at + 1) * half) }));
  for (let round = 0; round < 60; round++) {
    // What one gives up the other takes: numbers of paths change hands while decisions wait to be announced.
    const [gives, takes] = round % 2 === 0 ? peers : [...peers].reverse();
    say(engine, takes.peer, gives === peers[0] ? takes.own : takes.own.slice(100), 100 + round);
    clock.advance(1);
    say(engine, gives.peer, gives.own);
    say(engine, takes.peer, takes.own, 200 + round);
    clock.advance(2);
    for (const [key, nextHop] of c.table) {
      const right = tryParseIpv4(key < network(half) ? '10.0.0.2' : '10.0.0.3');
      if (nextHop !== right) wrong.push(`${key} via ${nextHop} in round ${round}`);
    }
  }
  t.same(wrong.slice(0, 3), []);
  t.end();
});
