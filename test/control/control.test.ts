import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import * as z from 'zod';
import { silentLog, VirtualClock } from '../../src/base/index.ts';
import {
  type Answer,
  ControlServer,
  KeptSocket,
  RequestRefused,
  request,
  socketPath,
} from '../../src/control/index.ts';

/** A socket's path has 107 bytes at most. */
function shortDirectory(t: Test): string {
  const path = mkdtempSync(join(tmpdir(), 'vrt-'));
  t.teardown(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

async function served(t: Test, answer: Answer): Promise<string> {
  const path = join(shortDirectory(t), 's');
  const server = await ControlServer.listen(path, answer, silentLog);
  t.teardown(() => server.close());
  return path;
}

t.test('a question is answered', async (t) => {
  const path = await served(t, async ({ op }) => ({ asked: op }));
  t.same(await request(path, { op: 'status' }, z.object({ asked: z.string() })), { asked: 'status' });
});

t.test('the socket is for its owner alone', async (t) => {
  const path = await served(t, async () => ({}));
  t.equal(statSync(path).mode & 0o777, 0o600);
});

t.test('a refusal comes with its code, and with CNI’s', async (t) => {
  const path = await served(t, async () => {
    throw new RequestRefused('NOT_READY', 'not yet', 11);
  });
  await t.rejects(request(path, { op: 'status' }, z.any()), { code: 'NOT_READY', message: 'not yet', cniCode: 11 });
});

t.test('a bug in an answer is told without breaking the server', async (t) => {
  const path = await served(t, async () => {
    throw new TypeError('oops');
  });
  await t.rejects(request(path, { op: 'status' }, z.any()), { code: 'INTERNAL' });
  await t.rejects(request(path, { op: 'status' }, z.any()), { code: 'INTERNAL' });
});

t.test('a request that the protocol does not have is refused, naming the field', async (t) => {
  const path = await served(t, async () => ({}));
  await t.rejects(request(path, { op: 'dance' } as never, z.any()), { code: 'BAD_REQUEST', message: /op/ });
  await t.rejects(request(path, { op: 'cni.add', request: { containerId: '' } } as never, z.any()), {
    code: 'BAD_REQUEST',
    message: /containerId/,
  });
});

t.test('no daemon, a socket left behind, and one that says nothing are all told clearly', async (t) => {
  const dir = shortDirectory(t);
  await t.rejects(request(join(dir, 'none'), { op: 'status' }, z.any()), {
    code: 'DAEMON_UNREACHABLE',
    message: /no such file or directory/,
  });
  const longest = join(dir, 'x'.repeat(120));
  await t.rejects(request(longest, { op: 'status' }, z.any()), { code: 'DAEMON_UNREACHABLE' });
  const path = join(dir, 'mute');
  const mute = createServer((socket) => socket.end());
  await new Promise<void>((resolve) => mute.listen(path, resolve));
  t.teardown(() => mute.close());
  await t.rejects(request(path, { op: 'status' }, z.any()), {
    code: 'DAEMON_UNREACHABLE',
    message: /without an answer/,
  });
});

t.test('long questions and long answers come whole, whatever pieces they are sent in', async (t) => {
  const long = 'é'.repeat(1_000_000);
  const path = await served(t, async (request) => ({ got: JSON.stringify(request).length, long }));
  const question = { op: 'cni.gc' as const, network: long, valid: [] };
  const schema = z.object({ got: z.number(), long: z.string() });
  t.same(await request(path, question, schema), { got: JSON.stringify(question).length, long });
});

t.test('an answer without end, or one that is cut off, is no answer', async (t) => {
  const path = join(shortDirectory(t), 's');
  const pieces = ['x'.repeat(17 * 1024 * 1024), '{"ok":', '{"ok":}\n'];
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(pieces.shift() ?? ''));
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.teardown(() => server.close());
  for (const message of [/too long/, /without an answer/, /not one of the control protocol/]) {
    await t.rejects(request(path, { op: 'status' }, z.any()), { code: 'DAEMON_UNREACHABLE', message });
  }
});

t.test('an answer of another version is no answer', async (t) => {
  const path = await served(t, async () => ({ other: 1 }));
  await t.rejects(request(path, { op: 'status' }, z.object({ nodename: z.string() })), { code: 'DAEMON_UNREACHABLE' });
});

t.test('a file that a killed daemon left in the way is replaced', async (t) => {
  const path = join(shortDirectory(t), 's');
  writeFileSync(path, '');
  const server = await ControlServer.listen(path, async () => ({ ok: 1 }), silentLog);
  t.teardown(() => server.close());
  t.same(await request(path, { op: 'status' }, z.any()), { ok: 1 });
});

t.test('a daemon that answers keeps its socket, and one that has ended leaves it to the next', async (t) => {
  const path = join(shortDirectory(t), 's');
  const first = await ControlServer.listen(path, async () => ({ who: 'first' }), silentLog);
  await t.rejects(
    ControlServer.listen(path, async () => ({ who: 'second' }), silentLog),
    { code: 'SOCKET_IN_USE' },
  );
  t.same(await request(path, { op: 'status' }, z.any()), { who: 'first' });
  await first.close();
  const second = await ControlServer.listen(path, async () => ({ who: 'second' }), silentLog);
  t.teardown(() => second.close());
  t.same(await request(path, { op: 'status' }, z.any()), { who: 'second' });
});

t.test('a daemon whose socket was removed leaves the place to the one that has it now', async (t) => {
  const path = join(shortDirectory(t), 's');
  const first = await ControlServer.listen(path, async () => ({ from: 1 }), silentLog);
  rmSync(path);
  const second = await ControlServer.listen(path, async () => ({ from: 2 }), silentLog);
  t.teardown(() => second.close());
  await first.close();
  t.same(await request(path, { op: 'status' }, z.any()), { from: 2 });
});

t.test('a socket that somebody removes is there again a second later, and who was answered goes on', async (t) => {
  const path = join(shortDirectory(t), 'folder', 's');
  const clock = new VirtualClock();
  const kept = await KeptSocket.listen(path, async () => ({ who: 'kept' }), { clock, log: silentLog });
  t.teardown(() => kept.close());
  const long = createConnection(path);
  await once(long, 'connect');
  const second = async (): Promise<void> => {
    await clock.advanceAsync(1000);
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  for (const gone of [path, dirname(path), path]) {
    rmSync(gone, { recursive: true });
    await second();
    t.same(await request(path, { op: 'status' }, z.any()), { who: 'kept' }, gone);
    t.equal(statSync(path).mode & 0o777, 0o600);
  }
  long.write('{"op":"status"}\n');
  t.match(String((await once(long, 'data'))[0]), 'kept', 'the connection from before all this');
  rmSync(path);
  const other = await ControlServer.listen(path, async () => ({ who: 'other' }), silentLog);
  t.teardown(() => other.close());
  await second();
  t.same(
    await request(path, { op: 'status' }, z.any()),
    { who: 'other' },
    'another daemon that has the place keeps it',
  );
  await kept.close();
  t.ok(existsSync(path), 'also at the end');
});

t.test('of two that start in the same moment one has the socket', async (t) => {
  const path = join(shortDirectory(t), 's');
  const both = await Promise.allSettled(
    ['a', 'b'].map((who) => ControlServer.listen(path, async () => ({ who }), silentLog)),
  );
  const served = both.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  t.teardown(() => Promise.all(served.map((server) => server.close())));
  t.equal(served.length, 1);
  t.match(
    both.find((one) => one.status === 'rejected'),
    { reason: { code: 'SOCKET_IN_USE' } },
  );
});

t.test('where the daemon is, is in the environment or well known', async (t) => {
  t.equal(socketPath({ VROUTER_SOCKET: '/x' }), '/x');
  t.equal(socketPath({}), '/var/run/calico/vrouter.sock');
});

t.test('a path that is too long for a socket is refused by name', async (t) => {
  const path = join(shortDirectory(t), 'x'.repeat(120));
  await t.rejects(async () => ControlServer.listen(path, async () => ({}), silentLog), { code: 'SOCKET_PATH' });
});
