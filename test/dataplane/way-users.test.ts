import fc from 'fast-check';
import t from 'tap';
import { WayUsers } from '../../src/dataplane/routes/way-users.ts';

t.test('after any history each way has just the prefixes that go by it', async (t) => {
  const move = fc.record({ prefix: fc.nat(30), to: fc.nat(100) });
  fc.assert(
    fc.property(fc.array(move, { maxLength: 200 }), (moves) => {
      const users = new WayUsers(4);
      const plain = new Map<number, number>();
      for (const { prefix, to } of moves) {
        users.move(prefix, plain.get(prefix) ?? 0, to);
        plain.set(prefix, to);
      }
      for (let way = 1; way <= 100; way++) {
        const expected = [...plain].filter(([, by]) => by === way).map(([prefix]) => prefix);
        if (expected.sort().join() !== [...users.of(way)].sort().join()) return false;
      }
      return true;
    }),
  );
  t.pass();
});
