import fc from 'fast-check';
import t from 'tap';
import { DeltaMap, KeyedDelta } from '../../src/base/index.ts';
import { leftByMillion } from '../fakes/heap.ts';

const step = fc.record({
  verb: fc.constantFrom('desired', 'actual', 'apply', 'fail'),
  key: fc.integer({ min: 0, max: 40 }),
  value: fc.integer({ min: 0, max: 3 }),
  limit: fc.integer({ min: 1, max: 5 }),
});

t.test('after any history, what is taken is exactly what differs', async (t) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const map = new DeltaMap(1);
      const desired = new Map<number, number>();
      const actual = new Map<number, number>();
      for (const { verb, key, value, limit } of steps) {
        if (verb === 'desired') {
          map.setDesired(key, value);
          desired.set(key, value);
        } else if (verb === 'actual') {
          map.setActual(key, value);
          actual.set(key, value);
        } else {
          for (const taken of map.take(limit)) {
            if (verb === 'apply') {
              map.setActual(taken, map.desired(taken));
              actual.set(taken, map.desired(taken));
            } else map.again(taken);
          }
        }
      }
      const at = (model: Map<number, number>, key: number): number => model.get(key) ?? 0;
      const keys = Array.from({ length: 41 }, (_, key) => key);
      const differing = keys.filter((key) => at(desired, key) !== at(actual, key));
      const sizes =
        map.desiredSize === keys.filter((key) => at(desired, key) !== 0).length &&
        map.actualSize === keys.filter((key) => at(actual, key) !== 0).length;
      const taken = map.take().sort((a, b) => a - b);
      return sizes && JSON.stringify(taken) === JSON.stringify(differing) && !map.pending && map.take().length === 0;
    }),
  );
  t.pass();
});

t.test('a key that came back to what it was is not taken', async (t) => {
  const map = new DeltaMap();
  map.setDesired(3, 7);
  map.setDesired(3, 0);
  t.same(map.take(), []);
});

t.test('drift is seen: what the world changes by itself is pending again', async (t) => {
  const map = new DeltaMap();
  map.setDesired(1, 5);
  t.same(map.take(), [1]);
  map.setActual(1, 5);
  t.notOk(map.differs(1));
  map.setActual(1, 0);
  t.same(map.take(), [1]);
});

t.test('KeyedDelta: whole states in, differences out', async (t) => {
  const delta = new KeyedDelta<{ mtu: number }>();
  delta.setAllActual(
    new Map([
      ['stale', { mtu: 1 }],
      ['same', { mtu: 2 }],
      ['changed', { mtu: 3 }],
    ]),
  );
  delta.setAllDesired(
    new Map([
      ['same', { mtu: 2 }],
      ['changed', { mtu: 4 }],
      ['new', { mtu: 5 }],
    ]),
  );
  t.same(
    delta.take().sort((a, b) => a.key.localeCompare(b.key)),
    [
      { key: 'changed', desired: { mtu: 4 }, actual: { mtu: 3 } },
      { key: 'new', desired: { mtu: 5 }, actual: undefined },
      { key: 'stale', desired: undefined, actual: { mtu: 1 } },
    ],
  );
  t.notOk(delta.pending);
  delta.again('new');
  t.ok(delta.pending, 'an attempt that failed is tried again');
  delta.setActual('new', { mtu: 5 });
  t.same(delta.take(), []);
  t.same([delta.desired('same'), delta.actual('nobody')], [{ mtu: 2 }, undefined]);
});

t.test('KeyedDelta: a value of one’s own equality', async (t) => {
  const delta = new KeyedDelta<{ mtu: number; seen: number }>(({ mtu }) => String(mtu));
  delta.setActual('link', { mtu: 1500, seen: 1 });
  delta.setDesired('link', { mtu: 1500, seen: 2 });
  t.same(delta.take(), []);
});

t.test('KeyedDelta: a million keys and values that come and go leave nothing', async (t) => {
  const delta = new KeyedDelta<{ mtu: number }>();
  delta.setDesired('stays', { mtu: 1 });
  const left = leftByMillion((step) => {
    const key = `link ${step}`;
    delta.setDesired(key, { mtu: step });
    for (const { desired } of delta.take()) delta.setActual(key, desired);
    delta.setDesired(key, undefined);
    for (const { desired } of delta.take()) delta.setActual(key, desired);
    delta.again(key);
  });
  t.ok(left < 1_000_000, `${left} octets`);
  t.equal(delta.size, 1);
  t.same(delta.desired('stays'), { mtu: 1 });
});

t.test('KeyedDelta does as plain maps do, whatever happens to it', async (t) => {
  const key = fc.constantFrom('a', 'b', 'c');
  const value = fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined });
  const step = fc.record({ verb: fc.constantFrom('desired', 'actual', 'take', 'again'), key, value });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const delta = new KeyedDelta<number>();
      const plain = { desired: new Map<string, number>(), actual: new Map<string, number>() };
      const taken = new Set<string>();
      const differs = (of: string): boolean => plain.desired.get(of) !== plain.actual.get(of);
      for (const { verb, key: of, value: now } of steps) {
        if (verb === 'take') {
          const expected = ['a', 'b', 'c'].filter((one) => differs(one) && !taken.has(one));
          const found = delta.take().map((one) => one.key);
          if (expected.some((one) => !found.includes(one))) return false;
          if (found.some((one) => !differs(one))) return false;
          for (const one of found) taken.add(one);
        } else if (verb === 'again') {
          delta.again(of);
          taken.delete(of);
        } else {
          const side = verb === 'desired' ? plain.desired : plain.actual;
          if (side.get(of) !== now) taken.delete(of);
          if (now === undefined) side.delete(of);
          else side.set(of, now);
          if (verb === 'desired') delta.setDesired(of, now);
          else delta.setActual(of, now);
        }
        for (const one of ['a', 'b', 'c']) {
          if (delta.desired(one) !== plain.desired.get(one) || delta.actual(one) !== plain.actual.get(one))
            return false;
        }
      }
      return true;
    }),
  );
  t.pass();
});
