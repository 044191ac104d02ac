import { join } from 'node:path';
import t from 'tap';
import { type Io, runCalicoctl } from '../../src/cli/index.ts';
import { SqliteStore } from '../../src/datastore/index.ts';
import { validate } from '../../src/model/index.ts';
import { directory, node } from './harness.ts';

function config(spec: string, header = 'apiVersion: projectcalico.org/v3\nkind: CalicoAPIConfig'): string {
  return `${header}\nmetadata:\nspec:\n${spec}`;
}

/** A directory with two databases, each with a node of its name, and configurations for them. */
async function shell(t: Parameters<typeof directory>[0]) {
  const path = await directory(t, {
    'a.cfg': '',
    'wrong-version.cfg': config('  datastoreType: sqlite\n', 'apiVersion: v1\nkind: CalicoAPIConfig'),
    'wrong-kind.cfg': config('  datastoreType: sqlite\n', 'apiVersion: projectcalico.org/v3\nkind: Config'),
    'wrong-type.cfg': config('  datastoreType: postgres\n'),
    'broken.cfg': 'apiVersion: {',
  });
  for (const name of ['one', 'two']) {
    const store = await SqliteStore.open({ path: join(path, `${name}.db`) });
    await store.create(validate(node(name)));
    await store.close();
  }
  const written = await directory(t, {
    'two.cfg': config(`  datastoreType: "sqlite"\n  sqlitePath: "${join(path, 'two.db')}"\n`),
  });
  const env = { DATASTORE_TYPE: 'sqlite', SQLITE_PATH: join(path, 'one.db') };
  const run = async (argv: readonly string[], io: Partial<Io> = {}) => {
    const out: string[] = [];
    const err: string[] = [];
    const streams = { stdout: (text: string) => out.push(text), stderr: (text: string) => err.push(text) };
    const code = await runCalicoctl(argv, { ...streams, env, cwd: path, ...io } as Partial<Io>);
    return { code, stdout: out.join(''), stderr: err.join('') };
  };
  return { run, file: join(written, 'two.cfg'), path };
}

t.test('the environment counts when there is no file', async (t) => {
  const { run, path } = await shell(t);
  t.same(await run(['get', 'nodes']), { code: 0, stdout: 'NAME   \none    \n\n', stderr: '' });
  const env = { CALICO_DATASTORE_TYPE: 'sqlite', CALICO_SQLITE_PATH: join(path, 'two.db') };
  t.same((await run(['get', 'nodes'], { env })).stdout, 'NAME   \ntwo    \n\n', 'with the prefix too');
});

t.test('a file wins over the environment', async (t) => {
  const { run, file } = await shell(t);
  t.same(await run(['get', 'nodes', '-c', file]), { code: 0, stdout: 'NAME   \ntwo    \n\n', stderr: '' });
});

t.test('a file that is wrong says what about it', async (t) => {
  const { run, path } = await shell(t);
  const says: Readonly<Record<string, RegExp>> = {
    'wrong-version.cfg': /invalid config file: unknown APIVersion 'v1'/,
    'wrong-kind.cfg': /invalid config file: expected kind 'CalicoAPIConfig', got 'Config'/,
    'wrong-type.cfg': /unknown datastore type 'postgres'/,
    'broken.cfg': /Error reading config file: /,
    'none.cfg': /^Error reading config file: none\.cfg\n$/,
  };
  for (const [name, message] of Object.entries(says)) {
    t.match(await run(['get', 'nodes', '-c', name]), { code: 1, stdout: '', stderr: message }, name);
  }
  const env = { DATASTORE_TYPE: 'sqlite', SQLITE_PATH: path };
  t.match(await run(['get', 'nodes'], { env }), { code: 1, stderr: /^failed to create Calico API client: / });
});
