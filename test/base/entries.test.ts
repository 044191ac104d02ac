import fc from 'fast-check';
import t from 'tap';
import { type Entries, EntriesWriter } from '../../src/base/entries.ts';

const numbers = (): EntriesWriter<number> => new EntriesWriter((a, b) => a === b);

t.test('a reader is told what has changed since the state that it knows', async (t) => {
  const writer = numbers();
  writer.set('a', 1);
  writer.set('b', 2);
  const first = writer.commit();
  t.same(first.since(undefined), [
    ['a', 1, undefined],
    ['b', 2, undefined],
  ]);
  writer.set('a', undefined);
  writer.set('c', 3);
  const second = writer.commit();
  writer.set('b', 4);
  const third = writer.commit();
  t.same(third.since(second), [['b', 4, 2]]);
  t.same(third.since(first), [
    ['a', undefined, 1],
    ['c', 3, undefined],
    ['b', 4, 2],
  ]);
  t.same(third.since(third), []);
});

t.test('what comes and goes between two looks is no change', async (t) => {
  const writer = numbers();
  writer.set('a', 1);
  const before = writer.commit();
  writer.set('b', 2);
  writer.commit();
  writer.set('b', undefined);
  writer.set('a', 5);
  writer.commit();
  writer.set('a', 1);
  t.same(writer.commit().since(before), []);
});

t.test('a value that says the same keeps the former object, and the state is the same', async (t) => {
  const writer = new EntriesWriter<{ readonly n: number }>((a, b) => a.n === b.n);
  const value = { n: 1 };
  writer.set('a', value);
  const before = writer.commit();
  writer.set('a', { n: 1 });
  t.equal(writer.commit(), before);
  t.equal(before.get('a'), value);
});

t.test('a reader that goes on with another collection is told of all that it knows and is not there', async (t) => {
  const writer = numbers();
  writer.set('a', 1);
  writer.set('b', 2);
  writer.set('c', 3);
  const known = writer.commit();
  writer.set('a', undefined);
  writer.commit();
  writer.set('b', undefined);
  writer.set('d', 4);
  const other = numbers();
  other.set('c', 5);
  t.same(other.commit().since(known), [
    ['a', undefined, 1],
    ['b', undefined, 2],
    ['c', 5, 3],
  ]);
});

t.test('read through a former state, the entries are the newest', async (t) => {
  const writer = numbers();
  const former = writer.commit();
  writer.set('a', 1);
  const now = writer.commit();
  t.same([...former], [['a', 1]]);
  t.same(now.since(former), [['a', 1, undefined]], 'and what has changed is told all the same');
});

t.test('from one collection to another everything is a change', async (t) => {
  const [one, other] = [numbers(), numbers()];
  one.set('a', 1);
  one.set('b', 1);
  other.set('b', 2);
  t.same(other.commit().since(one.commit()), [
    ['a', undefined, 1],
    ['b', 2, 1],
  ]);
});

t.test('in any history, the changes since any state lead from that state to the newest', async (t) => {
  const step = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.option(fc.nat(3), { nil: undefined })));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (history) => {
      const writer = numbers();
      const known: { state: Entries<number>; content: Map<string, number> }[] = [];
      const remember = (): void => {
        const state = writer.commit();
        known.push({ state, content: new Map(state) });
      };
      remember();
      for (const changes of history) {
        for (const [key, value] of changes) writer.set(key, value);
        remember();
      }
      const newest = writer.commit();
      for (const { state, content } of known) {
        for (const [key, now, before] of newest.since(state)) {
          if (content.get(key) !== before || now === before) return false;
          if (now === undefined) content.delete(key);
          else content.set(key, now);
        }
        if (content.size !== newest.size || [...newest].some(([key, value]) => content.get(key) !== value))
          return false;
      }
      return true;
    }),
  );
  t.pass();
});

t.test('it reads as the list of its values by key, too', async (t) => {
  const writer = numbers();
  for (const name of ['c', 'a', 'b']) writer.set(name, 'abc'.indexOf(name));
  const entries = writer.commit();
  t.equal(entries.length, 3);
  t.same(
    entries.map((value) => value * 2),
    [0, 2, 4],
  );
  t.same(
    entries.filter((value) => value !== 1),
    [0, 2],
  );
  t.equal(
    entries.find((value) => value > 0),
    1,
  );
  t.ok(entries.some((value) => value === 2));
  t.notOk(entries.some((value) => value === 3));
  t.equal(JSON.stringify(entries), '[0,1,2]');
});
