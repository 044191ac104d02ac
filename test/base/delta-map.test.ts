import fc from 'fast-check';
import t from 'tap';
import { DeltaMap, KeyedDelta } from '../../src/base/index.ts';

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
