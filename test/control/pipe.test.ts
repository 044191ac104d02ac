import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { exchange } from '../../src/control/exchange.ts';
import { handlePipe } from '../../src/control/handle-pipe.ts';
import { netPipe } from '../../src/control/net-pipe.ts';
import type { OpenPipe } from '../../src/control/pipe.ts';

/** A path for a socket, and who answers there. */
async function listening(t: Test, answer?: (socket: Socket) => void): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'vrt-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 's');
  if (answer === undefined) return path;
  const server = createServer((socket) => {
    socket.on('error', () => {});
    answer(socket);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.teardown(() => server.close());
  return path;
}

/** Says back what it has heard up to the end of the line. */
function echo(socket: Socket): void {
  let heard = '';
  socket.setEncoding('utf8').on('data', (text) => {
    heard += text;
    if (heard.endsWith('\n')) socket.write(heard);
  });
}

const KINDS: Readonly<Record<string, OpenPipe>> = { 'by its handle': handlePipe() ?? netPipe, 'by node:net': netPipe };

t.ok(handlePipe(), 'this Node has the handle');

for (const [kind, open] of Object.entries(KINDS)) {
  t.test(`a socket ${kind}`, async (t) => {
    await t.test('a long question and a long answer come whole', async (t) => {
      const question = { long: 'é'.repeat(1_000_000) };
      t.same(await exchange(await listening(t, echo), question, open), question);
    });

    await t.test('nobody there, nobody any more, and a path that can’t be', async (t) => {
      const path = await listening(t);
      await t.rejects(exchange(path, {}, open), { message: /no such file or directory/, absent: true });
      execFileSync(process.execPath, [
        '-e',
        'net.createServer().listen(process.argv[1], () => process.reallyExit(0))',
        path,
      ]);
      await t.rejects(exchange(path, {}, open), { message: /connection refused/, absent: true });
      await t.rejects(exchange(`${path}${'x'.repeat(120)}`, {}, open), { code: 'DAEMON_UNREACHABLE', absent: false });
    });

    await t.test('one that closes before it has answered', async (t) => {
      const path = await listening(t, (socket) => socket.end('{"ok":'));
      await t.rejects(exchange(path, {}, open), { message: /without an answer/, absent: false });
    });

    await t.test('nothing is told after close', async (t) => {
      const path = await listening(t, (socket) => socket.write('x'));
      const told: string[] = [];
      const closed = new Promise<void>((resolve) => {
        const pipe = open(path, {
          connected: () => told.push('connected'),
          received: () => {
            told.push('received');
            pipe.write('and this goes nowhere');
            pipe.close();
            pipe.write('nor does this');
            pipe.close();
            setImmediate(() => setImmediate(resolve));
          },
          ended: () => told.push('ended'),
        });
      });
      await closed;
      t.same(told, ['connected', 'received']);
    });
  });
}

t.test('a Node without the handle, or one that does not let us, has none', (t) => {
  const denied = (): never => {
    throw new Error('Access to this API has been restricted');
  };
  for (const node of [{}, { binding: denied }, { binding: () => ({}) }]) t.equal(handlePipe(node), undefined);
  t.end();
});
