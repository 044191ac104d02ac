import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { VirtualClock } from '../../../src/base/index.ts';
import { SqliteStore } from '../../../src/datastore/index.ts';
import { pool } from '../../contracts/store.ts';

function database(t: { teardown(end: () => void): unknown }): string {
  const folder = mkdtempSync(join(tmpdir(), 'vrt-log-watch-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  return join(folder, 'vrouter.db');
}

t.test('a write of another process wakes a watch that has become quiet by itself, without a timer', async (t) => {
  const path = database(t);
  const clock = new VirtualClock();
  const ours = await SqliteStore.open({ path, clock });
  const theirs = await SqliteStore.open({ path });
  const { revision } = await ours.list('IPPool');
  const ending = new AbortController();
  const events = ours.watch('IPPool', revision, ending.signal)[Symbol.asyncIterator]();
  // The store itself holds the process by its timers only, and here they belong to a clock that stands still.
  const alive = setInterval(() => {}, 1000);
  t.teardown(() => clearInterval(alive));
  for (const name of ['one', 'two']) {
    const next = events.next();
    // It is quiet for a while; then the clock stands still.
    await clock.advanceAsync(1000);
    await theirs.create(pool(name));
    t.match(await next, { value: { type: 'added', resource: { metadata: { name } } } });
  }
  ending.abort();
  await events.return?.();
  await ours.close();
  await theirs.close();
});

t.test('what the kernel does not tell of is found all the same', async (t) => {
  const path = database(t);
  const clock = new VirtualClock();
  const ours = await SqliteStore.open({ path, clock });
  const { revision } = await ours.list('IPPool');
  const ending = new AbortController();
  const events = ours.watch('IPPool', revision, ending.signal)[Symbol.asyncIterator]();
  const next = events.next();
  // Before the watch has come to look at the log.
  const theirs = await SqliteStore.open({ path });
  await theirs.create(pool('one'));
  await clock.advanceAsync(1000);
  t.match(await next, { value: { type: 'added' } });
  ending.abort();
  await events.return?.();
  await ours.close();
  await theirs.close();
});
