import t from 'tap';
import { VirtualClock } from '../../src/base/index.ts';
import { MemoryStore } from '../../src/datastore/index.ts';
import { pool } from '../contracts/store.ts';

t.test(
  'a quiet watch gives a sign of life every five seconds, at whatever fraction of a millisecond it began',
  async (test) => {
    for (const start of [0, 0.1, 123.456789, 1e6 / 3, 98765.43210123]) {
      const clock = new VirtualClock();
      const store = new MemoryStore({ clock });
      const stop = new AbortController();
      clock.advance(start);
      const seen: string[] = [];
      const watching = (async () => {
        for await (const { type } of store.watch('IPPool', '0', stop.signal)) seen.push(type);
      })();
      await clock.advanceAsync(0.7);
      await store.create(pool('p'));
      await clock.advanceAsync(20_500);
      test.same(seen, ['added', 'bookmark', 'bookmark', 'bookmark', 'bookmark'], String(start));
      stop.abort();
      await watching;
    }
  },
);
