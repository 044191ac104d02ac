import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RtrClient, systemClock } from 'bgp-speaker-ts';
import t, { type Test } from 'tap';
import { parsePrefix } from '../../../src/base/index.ts';
import { freePort } from '../../datastore/etcd/server.ts';
import { until } from '../../interop/until.ts';

/*
 * A cache that others wrote: StayRTR, with a file in place of what a validator would give it. It looks at the file each
 * second and notifies.
 */

/** What is in the file, put in place whole. */
async function publish(
  folder: string,
  roas: readonly { prefix: string; maxLength: number; asn: number }[],
): Promise<void> {
  const metadata = { buildtime: '2026-01-01T00:00:00Z' };
  await writeFile(join(folder, 'new'), JSON.stringify({ metadata, roas: roas.map((roa) => ({ ...roa, ta: 'test' })) }));
  await rename(join(folder, 'new'), join(folder, 'vrps.json'));
}

function stayrtr(t: Test, folder: string, port: number, version: number): ChildProcess {
  const at = ['-bind', `127.0.0.1:${port}`, '-metrics.addr', '127.0.0.1:0', '-protocol', `${version}`];
  const from = ['-cache', join(folder, 'vrps.json'), '-checktime=false', '-refresh', '1', '-rtr.refresh', '900'];
  const process = spawn('stayrtr', [...at, ...from], { stdio: 'ignore' });
  t.teardown(() => process.kill('SIGKILL'));
  return process;
}

const A = { prefix: '10.1.0.0/16', maxLength: 24, asn: 65001 };
const B = { prefix: '2001:db8::/32', maxLength: 48, asn: 65002 };

for (const version of [2, 0]) {
  t.test(`StayRTR of version ${version} tells what is and what changes, and may go and come back`, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'vrt-rpki-'));
    t.teardown(() => rm(folder, { recursive: true }));
    await publish(folder, [A]);
    const port = await freePort();
    const cache = stayrtr(t, folder, port, version);
    const client = new RtrClient({ caches: [{ address: '127.0.0.1', port }], clock: systemClock });
    t.teardown(() => client.stop());
    const validity = (cidr: string, asn: number): string => client.validate(parsePrefix(cidr), asn);
    const now = () => client.status.caches[0];
    client.start();

    await until('what is there', () => now().settled);
    t.equal(now().version, Math.min(version, 1));
    t.same([now().ipv4, now().ipv6], [1, 0]);
    t.same([validity('10.1.2.0/24', 65001), validity('10.1.2.0/24', 65002)], ['valid', 'invalid']);
    t.equal(validity('2001:db8::/48', 65002), 'not-found');

    await publish(folder, [B]);
    await until('what has changed', () => now().ipv6 === 1);
    t.same([validity('10.1.2.0/24', 65001), validity('2001:db8::/48', 65002)], ['not-found', 'valid']);

    cache.kill('SIGKILL');
    await until('its end', () => client.status.problem !== undefined);
    t.equal(validity('2001:db8::/48', 65002), 'valid', 'what it said holds');
    await publish(folder, [A, B]);
    stayrtr(t, folder, port, version);
    await until('its return', () => now().settled && now().ipv4 === 1);
    t.same([validity('10.1.2.0/24', 65001), validity('2001:db8::/48', 65002)], ['valid', 'valid']);
  });
}
