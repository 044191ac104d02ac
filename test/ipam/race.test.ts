import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { SqliteStore } from '../../src/datastore/index.ts';
import { newResource } from '../../src/model/index.ts';
import type { RacerOptions, RacerResult } from './racer.ts';

const run = promisify(execFile);

async function race(options: RacerOptions): Promise<RacerResult> {
  const script = join(import.meta.dirname, 'racer.ts');
  const { stdout } = await run(process.execPath, [...process.execArgv, script, JSON.stringify(options)]);
  return JSON.parse(stdout) as RacerResult;
}

async function database(t: Test, cidr: string, blockSize: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `vrt-ipam-${process.pid}-`));
  t.teardown(() => rm(folder, { recursive: true }));
  const path = join(folder, 'store.db');
  const store = await SqliteStore.open({ path });
  await store.create(newResource('IPPool', { name: 'p' }, { cidr, blockSize }));
  await store.close();
  return path;
}

/** Who has what, by the blocks themselves; the handles must say the same. */
async function inStore(t: Test, path: string): Promise<ReadonlyMap<string, string>> {
  const store = await SqliteStore.open({ path });
  const byHandle = new Map<string, number>();
  const owners = new Map<string, string>();
  for (const { spec } of (await store.list('IPAMBlock')).items) {
    const base = spec.cidr.slice(0, spec.cidr.lastIndexOf('.'));
    const first = Number(spec.cidr.slice(base.length + 1).split('/')[0]);
    const free = new Set(spec.unallocated);
    for (const [ordinal, index] of spec.allocations.entries()) {
      if ((index === null) !== free.has(ordinal)) t.fail(`ordinal ${ordinal} of ${spec.cidr} is both free and taken`);
      if (index === null) continue;
      const handle = spec.attributes[index].handle_id ?? '';
      owners.set(`${base}.${first + ordinal}`, handle);
      byHandle.set(`${handle} ${spec.cidr}`, (byHandle.get(`${handle} ${spec.cidr}`) ?? 0) + 1);
    }
  }
  const handles = new Map<string, number>();
  for (const { spec } of (await store.list('IPAMHandle')).items) {
    for (const [cidr, count] of Object.entries(spec.block)) handles.set(`${spec.handleID} ${cidr}`, count);
  }
  t.strictSame(new Map([...handles].sort()), new Map([...byHandle].sort()), 'handles and blocks agree');
  await store.close();
  return owners;
}

t.setTimeout(3_600_000);

for (const [title, nodes, cidr, blockSize, operations] of [
  ['of two nodes with plenty of blocks', ['a', 'b'], '10.0.0.0/22', 28, 500],
  ['of two nodes that must borrow from each other', ['a', 'b'], '10.0.0.0/27', 28, 100],
  ['of one node, twice', ['a', 'a'], '10.0.0.0/26', 29, 100],
] as const) {
  t.test(`two processes ${title} never have the same address`, async (t) => {
    const path = await database(t, cidr, blockSize);
    const results = await Promise.all(
      nodes.map((node) => race({ datastore: { type: 'sqlite', path }, node, operations, hold: 12 })),
    );
    const assigned = results.reduce((sum, result) => sum + result.assigned, 0);
    const refused = results.reduce((sum, result) => sum + result.refused, 0);
    t.equal(assigned + refused, 2 * operations);
    t.ok(refused < operations / 5, `${refused} of ${2 * operations} got none`);
    const held = results.flatMap((result) => result.held);
    t.equal(new Set(held.map(([address]) => address)).size, held.length);
    t.strictSame(new Map([...(await inStore(t, path))].sort()), new Map([...held].sort()));
  });
}
