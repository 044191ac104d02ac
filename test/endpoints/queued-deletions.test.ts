import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { silentLog, VirtualClock } from '../../src/base/index.ts';
import type { CniRequest } from '../../src/control/index.ts';
import { QueuedDeletions } from '../../src/endpoints/queued-deletions.ts';

const request = (containerId: string): CniRequest => ({
  containerId,
  netns: '',
  ifName: 'eth0',
  args: {},
  config: { cniVersion: '1.0.0', name: 'net' },
});

/** A folder with these files, and a daemon that is told of `done` deletions. */
function queue(t: Test, files: Readonly<Record<string, unknown>>, del?: (request: CniRequest) => Promise<unknown>) {
  const folder = mkdtempSync(join(tmpdir(), 'vrt-'));
  const put = (name: string, value: unknown): void =>
    writeFileSync(join(folder, name), typeof value === 'string' ? value : JSON.stringify(value));
  for (const [name, value] of Object.entries(files)) put(name, value);
  const done: string[] = [];
  const clock = new VirtualClock();
  let tell: () => void = () => {};
  const queued = new QueuedDeletions(
    folder,
    async (one) => {
      await del?.(one);
      done.push(one.containerId);
      tell();
    },
    { clock, log: silentLog },
  );
  t.teardown(async () => {
    await queued.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  return { folder, put, queued, done, clock, next: () => new Promise<void>((resolve) => (tell = resolve)) };
}

t.test('what was left is done at the start, and what comes later at once', async (t) => {
  const { folder, put, queued, done, next } = queue(t, { 'a.json': request('a'), 'half.json.7.tmp': '{' });
  const first = next();
  queued.start();
  await first;
  const second = next();
  put('b.json', request('b'));
  await second;
  await queued.stop();
  t.same(done, ['a', 'b']);
  t.same(readdirSync(folder), ['half.json.7.tmp'], 'what is still being written is left alone');
});

t.test('a deletion that fails stays, one that can’t be read stops nobody', async (t) => {
  const { folder, queued, done } = queue(
    t,
    { 'a.json': 'no JSON', 'b.json': { containerId: 7 }, 'c.json': request('c'), 'd.json': request('d') },
    async ({ containerId }) => {
      if (containerId === 'c') throw new Error('not now');
    },
  );
  queued.start();
  await queued.stop();
  t.same(done, ['d']);
  t.same(readdirSync(folder).sort(), ['a.json', 'b.json', 'c.json']);
});

t.test('a container that comes back is not deleted by an old request', async (t) => {
  const { folder, queued, done } = queue(t, { 'a.json': request('a'), 'b.json': request('b') });
  await queued.forget(request('a'));
  queued.start();
  await queued.stop();
  t.same(done, ['b']);
  t.notOk(existsSync(join(folder, 'a.json')));
});

t.test('a folder that can’t be had is no reason not to run', async (t) => {
  const queued = new QueuedDeletions('/proc/version/x', async () => {}, { clock: new VirtualClock(), log: silentLog });
  t.doesNotThrow(() => queued.start());
  await queued.stop();
});

t.test('a deletion that failed is done when it can be, and told meanwhile', async (t) => {
  let isFull = true;
  let refused: () => void = () => {};
  const once = new Promise<void>((resolve) => (refused = resolve));
  const { queued, done, clock, next } = queue(t, { 'a.json': request('a') }, async () => {
    if (isFull) refused();
    if (isFull) throw new Error('the disk is full');
  });
  queued.start();
  await once;
  while (queued.problems().length === 0) await new Promise((resolve) => setImmediate(resolve));
  t.match(queued.problems(), [/deletions of pods wait: 1, .*the disk is full/]);
  isFull = false;
  const well = next();
  clock.advance(10_000);
  await well;
  await queued.stop();
  t.same(done, ['a']);
  t.same(queued.problems(), []);
});

t.test('a folder that could not be had is used when it can be', async (t) => {
  const base = t.testdir({ place: 'a file' });
  const clock = new VirtualClock();
  const place = join(base, 'place');
  const queued = new QueuedDeletions(join(place, 'deletions'), async () => {}, { clock, log: silentLog });
  queued.start();
  t.match(queued.problems(), [/can’t be had.*ENOTDIR/]);
  rmSync(place);
  clock.advance(10_000);
  t.same(queued.problems(), []);
  t.ok(existsSync(join(place, 'deletions')));
  await queued.stop();
});
