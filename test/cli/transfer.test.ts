import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { VirtualClock } from '../../src/base/index.ts';
import { type Io, runDatastore } from '../../src/cli/index.ts';
import { MemoryDatabase, MemoryStore } from '../../src/datastore/index.ts';
import { newResource } from '../../src/model/index.ts';

/** A datastore in memory and `vrouter datastore` at it. */
class Cluster {
  readonly database = new MemoryDatabase();
  readonly clock = new VirtualClock();

  get store(): MemoryStore {
    return new MemoryStore({ database: this.database, clock: this.clock });
  }

  async run(words: readonly string[], io: Partial<Io> = {}): Promise<{ code: number; stdout: string; stderr: string }> {
    const [out, err]: string[][] = [[], []];
    const code = await runDatastore(words, {
      stdout: (text) => out.push(text),
      stderr: (text) => err.push(text),
      env: {},
      openStore: async () => this.store,
      ...io,
    });
    return { code, stdout: out.join(''), stderr: err.join('') };
  }
}

async function filled(): Promise<Cluster> {
  const cluster = new Cluster();
  await cluster.store.create(newResource('IPPool', { name: 'p' }, { cidr: '10.244.0.0/16' }));
  await cluster.store.create(newResource('Node', { name: 'n1' }, { bgp: { ipv4Address: '172.16.0.1/24' } }));
  return cluster;
}

t.test(
  'what was exported from one datastore is in the other after the import, and again nothing changes',
  async (t) => {
    const from = await filled();
    const file = join(t.testdir(), 'all.jsonl');
    t.match(await from.run(['export', '-f', file]), { code: 0, stdout: 'Exported 2 resources to ' });
    t.notOk(existsSync(`${file}.tmp`));
    const into = new Cluster();
    t.match(await into.run(['import', '-f', file]), {
      code: 0,
      stdout: '2 created, 0 already there, 0 left as they are',
    });
    t.match((await into.store.get({ kind: 'Node', name: 'n1' }))?.spec, { bgp: { ipv4Address: '172.16.0.1/24' } });
    t.match(await into.run(['import', '-f', file]), { code: 0, stdout: '0 created, 2 already there' });
  },
);

t.test('through standard output and input', async (t) => {
  const { stdout } = await (await filled()).run(['export']);
  const into = new Cluster();
  t.match(await into.run(['import', '-f', '-'], { stdin: async () => stdout }), { code: 0, stdout: '2 created' });
});

t.test('what differs is left, and named, unless it is to be replaced', async (t) => {
  const { stdout } = await (await filled()).run(['export']);
  const into = new Cluster();
  await into.store.create(newResource('IPPool', { name: 'p' }, { cidr: '10.9.0.0/16' }));
  const cidr = async () => (await into.store.get({ kind: 'IPPool', name: 'p' }))?.spec.cidr;
  t.match(await into.run(['import', '-f', '-'], { stdin: async () => stdout }), {
    code: 0,
    stdout: /1 left as they are.*\n.*IPPool.*p/,
  });
  t.equal(await cidr(), '10.9.0.0/16');
  await into.run(['import', '-f', '-', '--replace'], { stdin: async () => stdout });
  t.equal(await cidr(), '10.244.0.0/16');
});

t.test('a torn or foreign file is refused before anything is written', async (t) => {
  const { stdout } = await (await filled()).run(['export']);
  const directory = t.testdir();
  const torn = stdout.split('\n').slice(0, 2).join('\n');
  for (const [name, text] of Object.entries({ torn, foreign: '{"a":1}', text: 'hello' })) {
    const file = join(directory, name);
    await writeFile(file, text);
    const into = new Cluster();
    t.match(await into.run(['import', '-f', file]), { code: 1, stderr: /import/ }, name);
    t.equal((await into.store.list('IPPool')).items.length, 0);
    t.equal(await readFile(file, 'utf8'), text);
  }
});

t.test('a file that is not there, and a missing option, are told', async (t) => {
  const cluster = new Cluster();
  t.match(await cluster.run(['import', '-f', '/nonexistent/file']), { code: 1, stderr: /nonexistent/ });
  t.match(await cluster.run(['import']), { code: 2, stderr: /--filename/ });
});
