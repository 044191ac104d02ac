import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import t, { type Test } from 'tap';
import { SqliteStore } from '../../../src/datastore/index.ts';
import { newResource } from '../../../src/model/index.ts';
import { count, follow, names, pool } from '../../contracts/store.ts';

// Ten processes are started here, each from cold.
t.setTimeout(3_600_000);

const child = join(import.meta.dirname, 'child.ts');

t.test('two processes that count in one object lose no increment', async (test) => {
  const path = await place(test);
  const store = await openAt(test, path);
  await store.create(newResource('IPAMHandle', { name: 'h' }, { handleID: 'h', block: { count: 0 } }));
  const others = [1, 2].map(() => run('count', path, '100'));
  await count(store, 100);
  test.same(await Promise.all(others.map(end)), ['', '']);
  test.equal((await store.get({ kind: 'IPAMHandle', name: 'h' }))?.spec.block['count'], 300);
});

t.test('a watch sees every write of another process', async (test) => {
  const path = await place(test);
  const store = await openAt(test, path);
  const watch = follow(store, 'IPPool', '0');
  const other = run('write', path, 'x');
  test.teardown(() => other.kill('SIGKILL'));
  const seen = await watch.take(300);
  test.same(
    names(seen.map((event) => event.resource)),
    Array.from({ length: 300 }, (_, at) => `x-${at}`),
  );
  await watch.stop();
});

t.test('whatever the moment of kill -9, all that was acknowledged is there and the store works', async (test) => {
  const path = await place(test);
  for (let round = 0; round < 4; round++) {
    const writer = run('write', path, `r${round}`);
    let said = '';
    const acknowledged = 20 + 37 * round;
    for await (const chunk of writer.stdout!) {
      said += chunk;
      if (said.split('\n').length > acknowledged) writer.kill('SIGKILL');
    }
    const lines = said.split('\n').slice(0, -1);
    const store = await SqliteStore.open({ path });
    const there = new Set(names((await store.list('IPPool')).items));
    for (const line of lines) if (!there.has(line)) test.fail(`${line} was acknowledged and is lost`);
    test.ok(there.size >= lines.length);
    await store.create(pool(`after-${round}`));
    await store.close();
  }
  const database = new DatabaseSync(path);
  test.same({ ...database.prepare('PRAGMA integrity_check').get() }, { integrity_check: 'ok' });
  database.close();
});

t.test('a full disk refuses the write, says so, and keeps all there was', async (test) => {
  if (process.getuid?.() !== 0) {
    test.pass('needs root, to mount a small file system');
    return;
  }
  const folder = await mkdtemp(join(tmpdir(), 'vrt-full-'));
  test.teardown(() => rm(folder, { recursive: true }));
  // A mount namespace of its own: the small disk goes when the child does.
  const script = `mount -t tmpfs -o size=900k vrt-full "${folder}" && exec "${process.execPath}" "${child}" fill "${folder}/db"`;
  const filler = spawn('unshare', ['--mount', 'sh', '-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [failure, after] = (await end(filler)).split('\n').map((line) => JSON.parse(line));
  test.match(failure, { code: 'UNAVAILABLE', message: /disk is full|fails to read or write/ });
  test.ok(failure.stored > 10);
  test.same(after, { listed: failure.stored, whole: true });
});

t.test('a damaged file is refused with advice, and left as it is', async (test) => {
  const path = await place(test);
  const store = await SqliteStore.open({ path });
  for (let at = 0; at < 200; at++) await store.create(pool(`p${at}`));
  await store.close();
  const { size } = await stat(path);
  const file = await open(path, 'r+');
  await file.write(Buffer.alloc(size - 4096, 0xa5), 0, size - 4096, 4096);
  await file.close();
  const before = await readFile(path);
  const damaged = await SqliteStore.open({ path });
  test.teardown(() => damaged.close());
  await test.rejects(damaged.list('IPPool'), { code: 'CORRUPT', message: /damaged.*Nothing was changed.*\.recover/ });
  await test.rejects(damaged.create(pool('new')), { code: 'CORRUPT' });
  test.ok((await readFile(path)).equals(before));
});

t.test('a file that is no database, or that of something else, is refused', async (test) => {
  const path = await place(test);
  await writeFile(path, 'this is a text file\n'.repeat(400));
  await test.rejects(SqliteStore.open({ path }), { code: 'CORRUPT' });
  await rm(path);
  const other = new DatabaseSync(path);
  other.exec('CREATE TABLE photo (id INTEGER)');
  other.close();
  await test.rejects(SqliteStore.open({ path }), { code: 'CONFIG', message: /something else/ });
});

t.test('a path that cannot be opened says why', async (test) => {
  const path = await place(test);
  await writeFile(path, 'a file where a folder should be');
  await test.rejects(SqliteStore.open({ path: join(path, 'vrouter.db') }), {
    code: 'UNAVAILABLE',
    message: /cannot be opened/,
  });
});

async function place(test: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'vrt-sqlite-'));
  test.teardown(() => rm(folder, { recursive: true, force: true }));
  return join(folder, 'vrouter.db');
}

async function openAt(test: Test, path: string): Promise<SqliteStore> {
  const store = await SqliteStore.open({ path });
  test.teardown(() => store.close());
  return store;
}

function run(task: string, path: string, argument: string): ChildProcess {
  return spawn(process.execPath, [child, task, path, argument], { stdio: ['ignore', 'pipe', 'inherit'] });
}

/** What it said, once it has ended well. */
async function end(process: ChildProcess): Promise<string> {
  let said = '';
  process.stdout!.on('data', (chunk) => (said += chunk));
  const [code] = await once(process, 'close');
  if (code !== 0) throw new Error(`the child ended with ${code}`);
  return said.trim();
}
