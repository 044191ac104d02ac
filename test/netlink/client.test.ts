import t from 'tap';
import { type ByteReader, ByteWriter } from '../../src/base/index.ts';
import { NetlinkClient } from '../../src/netlink/client.ts';
import type { SocketEvents } from '../../src/netlink/socket.ts';
import {
  encodeMessage,
  forEachMessage,
  NLM_F_DUMP_INTR,
  NLMSG_DONE,
  NLMSG_ERROR,
  RTM_NEWLINK,
} from '../../src/netlink/wire/message.ts';

interface Sent {
  readonly sequence: number;
  readonly flags: number;
}

/** A socket whose other end is the test. */
class ScriptedSocket {
  events: SocketEvents = { message: () => {}, overflow: () => {}, error: () => {} };
  /** One entry for each datagram sent: the messages in it. */
  readonly sent: Sent[][] = [];
  onSend: (messages: readonly Sent[]) => void = () => {};
  closed = false;

  open = (events: SocketEvents) => {
    this.events = events;
    return {
      port: 42,
      send: (datagram: Uint8Array, done: () => void) => {
        const messages: Sent[] = [];
        forEachMessage(datagram, ({ sequence, flags }) => messages.push({ sequence, flags }));
        this.sent.push(messages);
        queueMicrotask(() => {
          done();
          this.onSend(messages);
        });
      },
      close: () => {
        this.closed = true;
      },
    };
  };

  answer(type: number, sequence: number, value: number, flags = 0): void {
    this.events.message(new ByteWriter(20, true).u32(20).u16(type).u16(flags).u32(sequence).u32(0).i32(value).finish());
  }
}

const request = () => encodeMessage(RTM_NEWLINK, 0, (writer) => writer.u32(0));
const number = (body: ByteReader) => body.i32();

function connect(): { socket: ScriptedSocket; client: NetlinkClient } {
  const socket = new ScriptedSocket();
  return { socket, client: new NetlinkClient(socket.open) };
}

t.test('overlapping requests get their own answers', async (t) => {
  const { socket, client } = connect();
  const [one, two] = [client.request(request(), 'one'), client.request(request(), 'two')];
  const [[first], [second]] = socket.sent;
  socket.answer(NLMSG_ERROR, second.sequence, -17);
  socket.answer(NLMSG_ERROR, first.sequence, 0);
  await one;
  await t.rejects(two, { code: 'EEXIST', message: 'two: exists already (EEXIST)' });
});

t.test('answers that nobody waits for are passed over', async (t) => {
  const { socket, client } = connect();
  socket.answer(NLMSG_ERROR, 4711, -1);
  const one = client.request(request(), 'one');
  socket.answer(NLMSG_ERROR, socket.sent[0][0].sequence, 0);
  await one;
  t.pass();
});

t.test('a dump that was interrupted is made again', async (t) => {
  const { socket, client } = connect();
  let round = 0;
  socket.onSend = ([{ sequence }]) => {
    round++;
    socket.answer(RTM_NEWLINK, sequence, round, round === 1 ? NLM_F_DUMP_INTR : 0);
    socket.answer(RTM_NEWLINK, sequence, round + 10);
    socket.answer(NLMSG_DONE, sequence, 0, round === 2 ? NLM_F_DUMP_INTR : 0);
  };
  t.same(await client.dump(request(), 'list', number), [3, 13], 'in its parts, or at its end');
  t.equal(round, 3);
});

t.test('a table that never holds still is listed as it was at last', async (t) => {
  const { socket, client } = connect();
  socket.onSend = ([{ sequence }]) => socket.answer(NLMSG_DONE, sequence, 0, NLM_F_DUMP_INTR);
  t.same(await client.dump(request(), 'list', number), []);
  t.equal(socket.sent.length, 8);
});

t.test('dumps go one after another, also after one that failed', async (t) => {
  const { socket, client } = connect();
  const dumps = [client.dump(request(), 'one', number), client.dump(request(), 'two', number)];
  await new Promise((resolve) => setImmediate(resolve));
  t.equal(socket.sent.length, 1);
  socket.answer(NLMSG_DONE, socket.sent[0][0].sequence, -1);
  await t.rejects(dumps[0], { code: 'EPERM' });
  socket.answer(NLMSG_DONE, socket.sent[1][0].sequence, 0);
  t.same(await dumps[1], []);
});

t.test('whoever waits is told when answers were lost, were no netlink, or will not come', async (t) => {
  const cases: readonly (readonly [string, (socket: ScriptedSocket, client: NetlinkClient) => void])[] = [
    ['ENOBUFS', (socket) => socket.events.overflow()],
    ['EIO', (socket) => socket.events.error(new Error('gone'))],
    ['MALFORMED', (socket) => socket.events.message(Uint8Array.of(3, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1))],
    ['CLOSED', (_, client) => client.close()],
  ];
  for (const [code, happen] of cases) {
    const { socket, client } = connect();
    const one = client.request(request(), 'one');
    happen(socket, client);
    await t.rejects(one, { code });
  }
});

t.test('a closed client refuses at once, and closes its socket once', async (t) => {
  const { socket, client } = connect();
  client.close();
  client.close();
  t.ok(socket.closed);
  await t.rejects(client.request(request(), 'late'), { code: 'CLOSED' });
});

t.test('a thousand requests at once keep a bounded number under way', async (t) => {
  const { socket, client } = connect();
  const all = Array.from({ length: 1000 }, (_, index) => client.request(request(), String(index)));
  t.equal(socket.sent.length, 256);
  socket.onSend = ([{ sequence }]) => socket.answer(NLMSG_ERROR, sequence, 0);
  for (const [{ sequence }] of socket.sent.slice()) socket.answer(NLMSG_ERROR, sequence, 0);
  await Promise.all(all);
  t.equal(socket.sent.length, 1000);
});

t.test('what was not sent yet fails too when the client is closed', async (t) => {
  const { client } = connect();
  const all = Array.from({ length: 300 }, (_, index) => client.request(request(), String(index)));
  client.close();
  const outcomes = await Promise.allSettled(all);
  t.ok(outcomes.every(({ status }) => status === 'rejected'));
});
