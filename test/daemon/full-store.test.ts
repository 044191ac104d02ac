import { execFile } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { needsRoot } from '../fakes/namespaces.ts';
import type { Outcome } from './full-store-case.ts';

t.setTimeout(0);

t.test('a disk that the datastore fills under a running daemon', needsRoot, async (t) => {
  const place = mkdtempSync(join(tmpdir(), 'vrt-full-'));
  t.teardown(() => rmdirSync(place));
  const script = `mount -t tmpfs -o size=2m small ${place} && exec ${process.execPath} test/daemon/full-store-case.ts ${place}`;
  const { stdout } = await promisify(execFile)('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', script]);
  const { before, after, refused, problems, ready, warnings, endpoints, written, found } = JSON.parse(
    stdout,
  ) as Outcome;
  const full = /the datastore takes no writes: .*store\.sqlite: the disk is full: free some space/;
  t.match(refused, full, 'who adds a pod hears why not');
  t.same(ready, [true, false, true]);
  t.match(problems, [full], 'in one sentence');
  t.equal(warnings.filter((warning) => full.test(warning)).length, 1, 'told once');
  const [first, second] = [before, after].map((address) => `${address.split('/')[0]}/32`);
  t.same(
    endpoints.map((addresses) => [...addresses].sort()),
    [[first], [first, second].sort(), []],
    'nothing is lost, and nothing is left',
  );
  t.equal(found, written, 'each write was done as a whole or not at all');
});
