import { writeSync } from 'node:fs';
import { SqliteStore } from '../../../src/datastore/index.ts';
import { newResource } from '../../../src/model/index.ts';
import { count, pool } from '../../contracts/store.ts';

/** A second process on the same file, as the tests beside start it: `child.ts TASK FILE ARGUMENT`. */
const [task, path, argument] = process.argv.slice(2);
const store = await SqliteStore.open({ path });
const say = (line: string): unknown => writeSync(1, `${line}\n`);

if (task === 'count') {
  await count(store, Number(argument));
}

// Writes until it is killed, saying each write that has been acknowledged.
if (task === 'write') {
  for (let at = 0; ; at++) {
    await store.create(pool(`${argument}-${at}`));
    say(`${argument}-${at}`);
  }
}

// Writes until the disk is full; then shows that what was there still is, and that a deletion helps.
if (task === 'fill') {
  let stored = 0;
  const big = { handleID: 'x'.repeat(4000), block: {} };
  try {
    for (;;) {
      await store.create(newResource('IPAMHandle', { name: `h${stored}` }, big));
      stored++;
    }
  } catch (error) {
    say(JSON.stringify({ stored, code: (error as { code: string }).code, message: (error as Error).message }));
  }
  const { items } = await store.list('IPAMHandle');
  say(JSON.stringify({ listed: items.length, whole: items.every((item) => item.spec.handleID.length === 4000) }));
}
await store.close();
