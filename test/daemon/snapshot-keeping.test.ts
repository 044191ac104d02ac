import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { silentLog, VirtualClock } from '../../src/base/index.ts';
import { SnapshotKeeping, type SnapshotKeepingOptions } from '../../src/daemon/snapshot-keeping.ts';
import type { Update } from '../../src/datastore/index.ts';
import { type KindName, newResource, type ResourceOf } from '../../src/model/index.ts';

function bench(t: Test, more: Partial<SnapshotKeepingOptions> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'vrt-snap-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const clock = new VirtualClock();
  const path = join(folder, 'deep', 'snapshot');
  const objects: ResourceOf<KindName>[] = [];
  const options = { path, nodename: 'n1', datastore: 'etcdv3', maxAge: 3600, clock, log: silentLog, ...more };
  const keeping = new SnapshotKeeping({ ...options, objects: () => [...objects] });
  const turnsUntil = async (work: Promise<unknown>): Promise<void> => {
    let done = false;
    void work.then(() => {
      done = true;
    });
    while (!done) {
      await new Promise((resolve) => setImmediate(resolve));
      await clock.advanceAsync(0);
    }
  };
  const stop = (): Promise<void> => turnsUntil(keeping.stop());
  t.teardown(stop);
  const pass = async (milliseconds: number): Promise<void> => {
    await clock.advanceAsync(milliseconds);
    await turnsUntil(keeping.settled);
  };
  const put = (name: string, nodename?: string): void => {
    const node = newResource('Node', { name }, { bgp: { ipv4Address: '172.16.0.1/24' } });
    objects.push(node as unknown as ResourceOf<KindName>);
    const key = { kind: 'Node', name: nodename ?? name } as const;
    keeping.apply([{ key, resource: node } as unknown as Update]);
  };
  const there = (): string[] => readFileSync(path, 'utf8').match(/(?<="metadata":\{"name":")[^"]+/g) ?? [];
  const inode = (): number => statSync(path).ino;
  return { clock, path, keeping, stop, pass, put, there, inode };
}

t.test('it is written when the datastore has told all, and soon after what is about this node', async (t) => {
  const { keeping, pass, put, there, path } = bench(t);
  put('n1');
  await pass(60_000);
  t.throws(() => there(), { code: 'ENOENT' }, 'half of a listing is not kept');
  keeping.synced('in-sync');
  await pass(1000);
  t.same(there(), ['n1']);
  t.equal(statSync(path).mode & 0o777, 0o600);
  put('n2');
  await pass(2000);
  t.same(there(), ['n1'], 'other nodes can wait');
  put('n3', 'n1');
  await pass(2000);
  t.same(there(), ['n1', 'n2', 'n3']);
  put('n4');
  await pass(120_000);
  t.same(there(), ['n1', 'n2', 'n3', 'n4']);
});

t.test('the same again is not written but once an hour, for its age', async (t) => {
  const { keeping, pass, put, inode, clock } = bench(t);
  keeping.synced('in-sync');
  put('n1');
  await pass(1000);
  const first = inode();
  keeping.apply([{ key: { kind: 'Node', name: 'n1' }, resource: undefined }]);
  await pass(60_000);
  t.equal(inode(), first);
  await pass(3_600_000);
  t.not(inode(), first);
  t.ok((await keeping.read())!.takenAt >= clock.wallTime() - 120_000);
});

t.test('what is due is written at the end', async (t) => {
  const { keeping, stop, pass, put, there } = bench(t);
  keeping.synced('in-sync');
  put('n1');
  await pass(1000);
  put('n2');
  await stop();
  t.same(there(), ['n1', 'n2']);
});

t.test('only what is whole, ours and young enough is read', async (t) => {
  const { keeping, pass, put, path } = bench(t);
  t.equal(await keeping.read(), undefined, 'there is none');
  keeping.synced('in-sync');
  put('n1');
  await pass(1000);
  t.equal((await keeping.read())?.resources.length, 1);
  keeping.synced('wait');
  await pass(3_590_000);
  t.equal((await keeping.read())?.resources.length, 1);
  await pass(20_000);
  t.equal(await keeping.read(), undefined, 'too old');
  writeFileSync(path, readFileSync(path, 'utf8').replace('172.16', '172.17'));
  t.equal(await keeping.read(), undefined, 'damaged');
});

t.test('none is kept where it would be of no use, or is not wanted', async (t) => {
  for (const more of [{ datastore: 'sqlite' }, { datastore: 'memory' }, { path: 'none' }]) {
    const { keeping, pass, put, path } = bench(t, more);
    keeping.synced('in-sync');
    put('n1');
    await pass(60_000);
    t.throws(() => readFileSync(path), { code: 'ENOENT' });
    t.equal(await keeping.read(), undefined);
  }
});
