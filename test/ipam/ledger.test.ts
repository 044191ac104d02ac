import { appendFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type Log, silentLog } from '../../src/base/index.ts';
import { Ipam, LedgerFile, readLedger, tenancies, tenantAt } from '../../src/ipam/index.ts';
import { TestCluster } from './cluster.ts';

function folder(t: Test): string {
  const path = mkdtempSync(join(tmpdir(), `vrt-ledger-${process.pid}-`));
  t.teardown(() => rmSync(path, { recursive: true }));
  return path;
}

t.test('the ledger answers who had an address when', async (t) => {
  const path = join(folder(t), 'state', 'ledger.jsonl');
  const ledger = new LedgerFile({ path });
  const cluster = new TestCluster();
  const { clock, store } = cluster;
  await cluster.pool('p', '10.0.0.0/32', { blockSize: 32 });
  const ipam = new Ipam({ store, clock, ledger });
  const start = clock.wallTime();
  for (const pod of ['first', 'second']) {
    await ipam.autoAssign({ hostname: 'node1', handleId: pod, num4: 1, attributes: { pod, node: 'node1' } });
    clock.advance(60_000);
    await ipam.releaseByHandle(pod);
    clock.advance(60_000);
  }
  await ipam.autoAssign({ hostname: 'node1', handleId: 'third', num4: 1, attributes: { pod: 'third' } });
  ledger.close();
  appendFileSync(path, '{"time":1,"event":"assigned","address":"10.0.0.0","han');
  const entries = await readLedger(path, '10.0.0.0');
  const at = (minutes: number) => tenantAt(entries, start + minutes * 60_000)?.attributes?.['pod'];
  t.strictSame([-1, 0, 0.5, 1, 1.5, 2, 2.5, 3, 4, 99].map(at), [
    undefined,
    'first',
    'first',
    undefined,
    undefined,
    'second',
    'second',
    undefined,
    'third',
    'third',
  ]);
  t.strictSame(await readLedger(path, '10.0.0.1'), []);
});

t.test('a book with missing pages still tells what it can', async (t) => {
  const entry = (time: number, event: 'assigned' | 'released', handleId: string) =>
    ({ time, event, handleId, address: '10.0.0.1' }) as const;
  const spells = tenancies([entry(30, 'assigned', 'c'), entry(10, 'released', 'a'), entry(20, 'assigned', 'b')]);
  t.match(
    spells.map(({ from, until, handleId }) => [from, until, handleId]),
    [
      [Number.NEGATIVE_INFINITY, 10, 'a'],
      [20, 30, 'b'],
      [30, undefined, 'c'],
    ],
  );
});

t.test('full files are put aside, and the oldest dropped', async (t) => {
  const path = join(folder(t), 'ledger.jsonl');
  const ledger = new LedgerFile({ path, maxBytes: 200, keep: 2 });
  for (let time = 0; time < 30; time++) ledger.append([{ time, event: 'assigned', address: '10.0.0.1' }]);
  ledger.close();
  t.strictSame(readdirSync(join(path, '..')).sort(), ['ledger.jsonl', 'ledger.jsonl.1', 'ledger.jsonl.2']);
  const times = (await readLedger(path, '10.0.0.1', 2)).map(({ time }) => time);
  t.equal(times.at(-1), 29);
  t.strictSame(
    times,
    times.map((_, index) => times[0] + index),
    'in order, with no gap',
  );
});

t.test('a ledger that can’t be written says so once, and stops nobody', async (t) => {
  const warnings: string[] = [];
  const log: Log = { ...silentLog, warn: (_, message) => warnings.push(message) };
  const ledger = new LedgerFile({ path: '/dev/null/nowhere', log });
  ledger.append([{ time: 1, event: 'assigned', address: '10.0.0.1' }]);
  ledger.append([{ time: 2, event: 'released', address: '10.0.0.1' }]);
  t.strictSame(warnings, ["the ledger can't be written; it is tried again"]);
});
