import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type Log, silentLog, VirtualClock } from '../../src/base/index.ts';
import { queueDeletion } from '../../src/cni/queue.ts';
import { deletionsFolder } from '../../src/control/index.ts';
import { KeptFile } from '../../src/daemon/kept-file.ts';
import { SnapshotKeeping } from '../../src/daemon/snapshot-keeping.ts';
import { LedgerFile, readLedger } from '../../src/ipam/index.ts';
import { type KindName, newResource, type ResourceOf } from '../../src/model/index.ts';
import { needsRoot } from '../fakes/namespaces.ts';
import { smallDisk } from '../fakes/small-disk.ts';

t.setTimeout(0);

/** What was warned of, in order. */
function warnings(): { readonly log: Log; readonly said: string[] } {
  const said: string[] = [];
  const log: Log = { ...silentLog, warn: (_, message) => said.push(message), child: () => log };
  return { log, said };
}

t.test(
  'the files of the MTU and the node’s name: tried again until there is room, told once, no draft left',
  needsRoot,
  async (t) => {
    const disk = await smallDisk(t, '64k');
    const { log, said } = warnings();
    const clock = new VirtualClock();
    const path = join(disk.path, 'mtu');
    const file = new KeptFile(path, "the pods' MTU can't be written down", clock, log);
    file.write('1450');
    disk.fill();
    file.write('1400');
    clock.advance(60_000);
    t.same(said, ["the pods' MTU can't be written down; it is tried again"]);
    t.match(file.problems(), [/mtu: ENOSPC.*free some space/]);
    t.equal(readFileSync(path, 'utf8'), '1450', 'who reads sees the old number meanwhile');
    t.same(readdirSync(disk.path).sort(), ['filler', 'mtu']);
    disk.free();
    clock.advance(10_000);
    t.equal(readFileSync(path, 'utf8'), '1400');
    t.same(file.problems(), []);
  },
);

t.test('the snapshot: the old one stays whole, the new one comes when there is room', needsRoot, async (t) => {
  const disk = await smallDisk(t, '1m');
  const { log, said } = warnings();
  const clock = new VirtualClock();
  const path = join(disk.path, 'snapshot');
  const objects: ResourceOf<KindName>[] = [];
  const keeping = new SnapshotKeeping({
    path,
    nodename: 'n1',
    datastore: 'etcdv3',
    maxAge: 86_400,
    clock,
    log,
    objects: () => [...objects],
  });
  const pass = async (milliseconds: number): Promise<void> => {
    await clock.advanceAsync(milliseconds);
    await turning(clock, keeping.settled);
  };
  const put = (name: string): void => {
    const node = newResource('Node', { name }, {});
    objects.push(node as unknown as ResourceOf<KindName>);
    keeping.apply([{ key: { kind: 'Node', name: 'n1' }, resource: node as never }]);
  };
  put('a');
  keeping.synced('in-sync');
  await pass(1000);
  const old = readFileSync(path, 'utf8');
  disk.fill();
  for (let count = 0; count < 400; count++) put(`b${count}`);
  for (let time = 0; time < 5; time++) await pass(60_000);
  t.same(said, ["the snapshot can't be written; it is tried again"]);
  t.match(keeping.problems(), [/snapshot: ENOSPC.*free some space/]);
  t.equal(readFileSync(path, 'utf8'), old);
  t.same(readdirSync(disk.path).sort(), ['filler', 'snapshot']);
  disk.free();
  // By this clock a write takes as long as the step that it began in.
  while (keeping.problems().length > 0) await pass(60_000);
  t.equal((await keeping.read())?.resources.length, 401);
  t.same(keeping.problems(), []);
  await turning(clock, keeping.stop());
});

t.test('the ledger: what is written after the disk was full is whole', needsRoot, async (t) => {
  const disk = await smallDisk(t, '64k');
  const { log, said } = warnings();
  const path = join(disk.path, 'ledger');
  const ledger = new LedgerFile({ path, log });
  const append = (time: number): void => ledger.append([{ time, event: 'assigned', address: '10.0.0.1' }]);
  append(0);
  disk.fill();
  for (let time = 1; time < 200; time++) append(time);
  t.same(said, ["the ledger can't be written; it is tried again"]);
  t.match(ledger.problems(), [/ENOSPC.*free some space/]);
  disk.free();
  append(200);
  t.same(ledger.problems(), []);
  const times = (await readLedger(path, '10.0.0.1')).map(({ time }) => time);
  t.same([times[0], times.at(-1)], [0, 200]);
  t.notMatch(readFileSync(path, 'utf8'), /[^\n]\{"time/);
  ledger.close();
});

t.test('a deletion that can’t be left is told to the runtime, and leaves no piece', needsRoot, async (t) => {
  const disk = await smallDisk(t, '64k');
  const socket = join(disk.path, 's');
  mkdirSync(deletionsFolder(socket));
  const request = {
    containerId: 'c',
    netns: '',
    ifName: 'eth0',
    args: {},
    config: { cniVersion: '1.0.0', name: 'net' },
  };
  const queue = (): void => queueDeletion(socket, { request } as never);
  disk.fill();
  t.throws(queue, { code: 'ENOSPC' });
  t.same(readdirSync(deletionsFolder(socket)), []);
  disk.free();
  queue();
  t.same(readdirSync(deletionsFolder(socket)), ['net:c:eth0.json']);
});

/** Lets the clock and the disk go on until the work is done. */
async function turning(clock: VirtualClock, work: Promise<unknown>): Promise<void> {
  let done = false;
  void work.then(() => (done = true));
  while (!done) {
    await new Promise((resolve) => setImmediate(resolve));
    await clock.advanceAsync(0);
  }
}
