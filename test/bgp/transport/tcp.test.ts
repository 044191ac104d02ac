import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { parsePrefix } from '../../../src/base/index.ts';
import { type Connection, type DialOptions, tcpTransport } from '../../../src/bgp/transport/index.ts';

const transport = tcpTransport();

/** What came over a connection, as text, once it ended. */
function readAll(connection: Connection): Promise<{ text: string; reason: string }> {
  return new Promise((resolve) => {
    let text = '';
    connection.receive({
      data: (chunk) => {
        text += Buffer.from(chunk).toString();
      },
      drained() {},
      closed: (reason) => resolve({ text, reason }),
    });
  });
}

function dial(options: DialOptions): Promise<Connection> {
  return new Promise((resolve, reject) => {
    transport.dial(options, { connected: resolve, failed: (reason) => reject(new Error(reason)) });
  });
}

/** Resolves when a socket is gone, for whatever reason. */
function gone(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

/** A listener whose accepted connections can be awaited. */
async function server(t: Test, address: string, maxHalfOpen?: number) {
  const accepted: Connection[] = [];
  let arrived = Promise.withResolvers<Connection>();
  const options = { address, port: 0, ...(maxHalfOpen !== undefined && { maxHalfOpen }) };
  const listener = await transport.listen(options, (connection) => {
    connection.receive({ data() {}, drained() {}, closed() {} });
    accepted.push(connection);
    arrived.resolve(connection);
    arrived = Promise.withResolvers();
  });
  t.teardown(() => {
    for (const connection of accepted) connection.destroy();
    listener.close();
  });
  return { listener, accepted, next: () => arrived.promise };
}

t.test('bytes go both ways, and each end knows both addresses', async (t) => {
  const { listener, next } = await server(t, '127.2.0.1');
  listener.admit([{ from: '127.2.0.2' }]);
  const arriving = next();
  const near = await dial({ address: '127.2.0.1', port: listener.port, localAddress: '127.2.0.2' });
  const far = await arriving;
  const heard = readAll(far);
  near.write(Buffer.from('hello'));
  near.end();
  t.match(await heard, { text: 'hello', reason: 'the peer closed the connection' });
  t.same(far.remote, near.local);
  t.equal(near.local.address, '127.2.0.2');
});

t.test('a last message arrives although the other side keeps sending', async (t) => {
  const { listener, next } = await server(t, '127.2.0.1');
  listener.admit([{ from: '127.2.0.3' }]);
  const arriving = next();
  const near = await dial({ address: '127.2.0.1', port: listener.port, localAddress: '127.2.0.3' });
  const far = await arriving;
  far.write(Buffer.alloc(100_000));
  near.write(Buffer.from('goodbye'));
  near.end();
  far.write(Buffer.alloc(100_000));
  t.equal((await readAll(far)).text, 'goodbye');
});

t.test('what the kernel has no room for waits its turn, and is counted when it goes', async (t) => {
  const { listener, next } = await server(t, '127.2.0.1');
  listener.admit([{ from: '127.2.0.8' }]);
  const arriving = next();
  const reader = connect({ host: '127.2.0.1', port: listener.port, localAddress: '127.2.0.8' });
  t.teardown(() => reader.destroy());
  const writer = await arriving;
  const drained = new Promise<void>((resolve) => writer.receive({ data() {}, drained: resolve, closed() {} }));
  const sent: Buffer[] = [];
  do {
    sent.push(Buffer.alloc(50_000, sent.length));
  } while (writer.write(sent.at(-1)!));
  const all = Buffer.concat(sent);
  t.ok(writer.taken > 0 && writer.backlog > 0);
  t.equal(writer.taken + writer.backlog, all.length);
  const read: Buffer[] = [];
  let octets = 0;
  await new Promise<void>((resolve) => {
    reader.on('data', (chunk) => {
      read.push(chunk);
      octets += chunk.length;
      if (octets >= all.length) resolve();
    });
  });
  await drained;
  t.ok(Buffer.concat(read).equals(all));
  t.same([writer.taken, writer.backlog], [all.length, 0]);
});

t.test('strangers are closed unread; nobody is let in before admission', async (t) => {
  const { listener, accepted } = await server(t, '127.2.0.1');
  for (const admissions of [[], [{ from: '127.2.0.9' }]]) {
    listener.admit(admissions);
    const stranger = connect({ host: '127.2.0.1', port: listener.port, localAddress: '127.2.0.4' });
    stranger.on('error', () => {});
    await gone(stranger);
  }
  t.equal(accepted.length, 0);
});

t.test('a range lets in whoever lies in it', async (t) => {
  const { listener, next } = await server(t, '127.2.0.1');
  listener.admit([{ from: parsePrefix('127.2.7.0/24') }]);
  const arriving = next();
  const near = await dial({ address: '127.2.0.1', port: listener.port, localAddress: '127.2.7.77' });
  t.equal((await arriving).remote.address, '127.2.7.77');
  near.destroy();
});

t.test('connections that never say anything are limited in number', async (t) => {
  const { listener, accepted } = await server(t, '127.2.0.1', 2);
  listener.admit([{ from: '127.2.0.5' }]);
  const sockets = Array.from({ length: 5 }, () =>
    connect({ host: '127.2.0.1', port: listener.port, localAddress: '127.2.0.5' }).on('error', () => {}),
  );
  await Promise.all(sockets.slice(2).map((socket) => gone(socket)));
  t.equal(accepted.length, 2);
  for (const socket of sockets) socket.destroy();
});

t.test('the silence of some, be it a whole range, shuts out nobody else', async (t) => {
  const { listener, accepted } = await server(t, '127.2.0.1', 2);
  const ranges = ['127.2.1.0/24', '127.2.2.0/24'].map((cidr) => ({ from: parsePrefix(cidr) }));
  listener.admit([...ranges, { from: '127.2.1.9' }]);
  const from = (localAddress: string) =>
    connect({ host: '127.2.0.1', port: listener.port, localAddress }).on('error', () => {});
  const silent = ['127.2.1.1', '127.2.1.2', '127.2.1.3', '127.2.1.4'].map(from);
  await Promise.all(silent.slice(2).map((socket) => gone(socket)));
  const others = ['127.2.2.1', '127.2.1.9', '127.2.2.2'].map(from);
  await Promise.all(others.map((socket) => once(socket, 'connect')));
  const late = from('127.2.2.3');
  await gone(late);
  t.same(accepted.map(({ remote }) => remote.address).sort(), [
    '127.2.1.1',
    '127.2.1.2',
    '127.2.1.9',
    '127.2.2.1',
    '127.2.2.2',
  ]);
  for (const socket of [...silent, ...others]) socket.destroy();
});

t.test('refused dials and taken ports say what is wrong', async (t) => {
  const { listener } = await server(t, '127.2.0.1');
  await t.rejects(dial({ address: '127.2.0.250', port: listener.port }), /ECONNREFUSED/);
  const again = transport.listen({ address: '127.2.0.1', port: listener.port }, () => {});
  await t.rejects(again, { code: 'LISTEN', message: /can't listen on 127\.2\.0\.1 port .*EADDRINUSE/ });
});

t.test('a dial that was given up tells nothing more', async (t) => {
  const { listener, next } = await server(t, '127.2.0.1');
  listener.admit([{ from: '127.2.0.6' }]);
  const cancel = transport.dial(
    { address: '127.2.0.1', port: listener.port, localAddress: '127.2.0.6' },
    { connected: () => t.fail('connected'), failed: () => t.fail('failed') },
  );
  cancel();
  const arriving = next();
  const near = await dial({ address: '127.2.0.1', port: listener.port, localAddress: '127.2.0.6' });
  await arriving;
  near.destroy();
});

t.test('IPv6 works alike', async (t) => {
  const { listener, next } = await server(t, '::1');
  listener.admit([{ from: '0:0:0:0:0:0:0:1' }]);
  const arriving = next();
  const near = await dial({ address: '::1', port: listener.port });
  t.equal((await arriving).remote.address, '::1');
  near.destroy();
});

t.test('of peers that connect all at once only a few are met in one turn of the event loop', async (t) => {
  const peers = 200;
  /** How many in each turn. */
  const met = [0];
  const { promise: all, resolve } = Promise.withResolvers<void>();
  const listener = await transport.listen({ address: '127.2.0.1', port: 0 }, (connection) => {
    connection.receive({ data() {}, drained() {}, closed() {} });
    t.teardown(() => connection.destroy());
    const inThisTurn = met.pop() ?? 0;
    if (inThisTurn === 0) setImmediate(() => met.push(0));
    met.push(inThisTurn + 1);
    if (met.reduce((sum, count) => sum + count, 0) === peers) resolve();
  });
  t.teardown(() => listener.close());
  listener.admit([{ from: '127.2.0.2' }]);
  for (let at = 0; at < peers; at++) {
    const socket = connect({ host: '127.2.0.1', port: listener.port, localAddress: '127.2.0.2' });
    t.teardown(() => socket.destroy());
  }
  await all;
  t.ok(Math.max(...met) <= 32, `${Math.max(...met)} in one turn`);
});
