import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import { runBundle } from '../../src/cli/index.ts';
import { redacted, redactedSettings } from '../../src/cli/redact.ts';
import { MemoryDatabase, MemoryStore } from '../../src/datastore/index.ts';
import { newResource } from '../../src/model/index.ts';
import { beside } from './beside-daemon.ts';
import { directory } from './harness.ts';

/** Text that holds a secret, and the secret. Each must go and leave its surroundings. */
const SECRETS: readonly (readonly [string, string, RegExp])[] = [
  ['a -----BEGIN EC PRIVATE KEY-----\nMHcCAQ\n-----END EC PRIVATE KEY----- b', 'MHcCAQ', /^a \(redacted\) b$/],
  ['-----BEGIN PRIVATE KEY-----\nMHcCAQ\n-----END PRIVATE KEY-----', 'MHcCAQ', /^\(redacted\)$/],
  ['token eyJhbGciOiJSUzI1.eyJpc3MiOiJrdWJl.c2lnbmF0dXJl end', 'c2lnbmF0dXJl', /^token \(redacted\) end$/],
  ['Authorization: Bearer abcdefgh12345', 'abcdefgh12345', /Bearer \(redacted\)/],
  ['https://user:hunter2@etcd:2379/x', 'hunter2', /^https:\/\/\(redacted\)@etcd:2379\/x$/],
  ['{"password": "hunter2", "a": 1}', 'hunter2', /"a": 1/],
  ['{"nodeMeshPassword":"hun\\"ter2","a":1}', 'ter2', /"a":1/],
  ['bearer-token: hunter2', 'hunter2', /^bearer-token:/],
  ['clientSecret=hunter2 next', 'hunter2', / next$/],
];

t.test('secrets go, and what stands around them stays', (t) => {
  for (const [text, secret, left] of SECRETS) {
    t.notMatch(redacted(text), new RegExp(secret.replaceAll('\\', '\\\\')), text);
    t.match(redacted(text), left);
  }
  const reference = '{"password":{"secretKeyRef":{"name":"bgp-secrets","key":"peer"}}}';
  t.equal(redacted(reference), reference, 'a reference to a Secret is none');
  t.equal(
    redactedSettings({
      ETCD_PASSWORD: 'a',
      ETCD_KEY: 'b',
      NODENAME: 'n1',
      ETCD_ENDPOINTS: 'http://u:p@e:1',
      X: undefined,
    }),
    'ETCD_ENDPOINTS=http://(redacted)@e:1\nETCD_KEY=(redacted)\nETCD_PASSWORD=(redacted)\nNODENAME=n1\n',
  );
  t.end();
});

t.test('the archive holds everything and no secret; what can not be had is named', async (t) => {
  const folder = await directory(t, {});
  const database = new MemoryDatabase();
  const store = new MemoryStore({ database });
  await store.create(
    newResource('IPPool', { name: 'seen', annotations: { token: 'hunter2' } }, { cidr: '10.0.0.0/16' }),
  );
  const status = {
    nodename: 'n/1',
    version: '0.1.0',
    pid: process.pid,
    startedAt: 0,
    ready: true,
    problems: ['https://u:hunter2@etcd does not answer'],
    datastore: { type: 'memory', inSync: true, lastEventAgeSeconds: 0 },
    blocks: [],
    routes: { desired: 0, programmed: 0, failed: 0 },
  };
  const answers = { status, routes: [], tunnels: [], endpoints: [], nat: [], egress: [], 'bgp.peers': { peers: [] } };
  const exec = async (command: string, args: readonly string[]) => {
    if (command === 'nft') return { code: 127, output: 'nft: not found\n' };
    if (command !== 'tar') return { code: 0, output: `${command} ${args.join(' ')}, password=hunter2\n` };
    return { code: 0, output: execFileSync('tar', args).toString() };
  };
  const ran = await beside(t, runBundle, ['-o', 'all.tar.gz'], answers, Date.UTC(2026, 0, 2), {
    cwd: folder,
    exec,
    openStore: async () => new MemoryStore({ database }),
  });
  t.equal(ran.code, 0, ran.stderr);
  t.equal(ran.stdout, `${join(folder, 'all.tar.gz')}\n`);
  const names = execFileSync('tar', ['-tzf', join(folder, 'all.tar.gz')])
    .toString()
    .split('\n');
  t.match(names[0], /^vrouter-bundle-n_1-2026010\d_\d{6}\/$/);
  const text = execFileSync('tar', ['-xzOf', join(folder, 'all.tar.gz')]).toString();
  t.notMatch(text, /hunter2/);
  t.match(text, /"name":"seen"/);
  t.match(text, /ip address, password="\(redacted\)"/);
  t.match(text, /nftables\.txt: nft ended with 127: nft: not found/);
  t.match(ran.stderr, /left out: nftables\.txt/);
  t.match(ran.stderr, /left out: drops\.json: no answer to drops\.counted/);
});

t.test('without a daemon there is still the kernel and the datastore', async (t) => {
  const folder = await directory(t, {});
  const exec = async (command: string, args: readonly string[]) => ({
    code: 0,
    output: command === 'tar' ? execFileSync('tar', args).toString() : `${command}\n`,
  });
  const ran = await beside(t, runBundle, ['-o', 'all.tar.gz'], undefined, 0, {
    cwd: folder,
    exec,
    openStore: async () => new MemoryStore({ database: new MemoryDatabase() }),
  });
  t.equal(ran.code, 0);
  t.match(ran.stderr, /left out: status\.json: .*does not answer/);
  t.match(execFileSync('tar', ['-tzf', join(folder, 'all.tar.gz')]).toString(), /links\.txt/);
});
