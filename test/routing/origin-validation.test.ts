import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { parsePrefix, silentLog, systemClock } from '../../src/base/index.ts';
import { OriginValidation } from '../../src/routing/origin-validation.ts';
import { freePort } from '../datastore/etcd/server.ts';
import { until } from '../interop/until.ts';

t.test('routes are judged by the caches that there should be; that none answers is a problem', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'vrt-rpki-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const file = join(folder, 'vrps.json');
  const roas = [{ prefix: '10.1.0.0/16', maxLength: 16, asn: 65001, ta: 'test' }];
  await writeFile(file, JSON.stringify({ metadata: { buildtime: '2026-01-01T00:00:00Z' }, roas }));
  const [port, dead] = [await freePort(), await freePort()];
  const at = ['-bind', `127.0.0.1:${port}`, '-metrics.addr', '127.0.0.1:0', '-cache', file, '-checktime=false'];
  const cache = spawn('stayrtr', at, { stdio: 'ignore' });
  t.teardown(() => cache.kill('SIGKILL'));

  let changes = 0;
  const origins = new OriginValidation({ clock: systemClock, log: silentLog, changed: () => changes++ });
  t.teardown(() => origins.stop());
  const judged = (asn: number): string | undefined => origins.judge(parsePrefix('10.1.0.0/16'), asn);
  const [away, there] = [dead, port].map((number) => ({ address: '127.0.0.1', port: number }));

  origins.take(undefined);
  t.same([judged(65001), origins.problems()], [undefined, []]);
  origins.take([away]);
  await until('the problem', () => origins.problems().length > 0);
  t.match(origins.problems(), [
    /^No RPKI cache answers \(127\.0\.0\.1:\d+ .*ECONNREFUSED.*; every origin is not-found$/,
  ]);

  origins.take([away, there]);
  await until('the second cache', () => judged(65001) === 'valid');
  t.same([judged(65001), judged(65002), origins.problems()], ['valid', 'invalid', []]);
  origins.take([{ ...away }, { ...there }]);
  t.equal(judged(65001), 'valid', 'the same again changes nothing');

  cache.kill('SIGKILL');
  await until('its end', () => origins.problems().length > 0);
  t.match(origins.problems(), [/what they have told \(prefixes: 1\) holds until it expires$/]);
  const before = changes;
  origins.take([]);
  t.same([judged(65001), origins.problems(), changes > before], [undefined, [], true]);
});
