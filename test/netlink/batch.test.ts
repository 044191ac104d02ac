import t from 'tap';
import { ByteWriter } from '../../src/base/index.ts';
import { RouteSender } from '../../src/netlink/batch.ts';
import { type BatchSocket, openBatchSocket } from '../../src/netlink/batch-socket.ts';
import { type FibInfo, openKernel, ROUTE_ADD, ROUTE_DELETE, type RouteChanges } from '../../src/netlink/index.ts';
import { forEachMessage, NLM_F_ACK, NLMSG_ERROR } from '../../src/netlink/wire/message.ts';
import { makeNamespace } from '../fakes/namespaces.ts';
import { routeChanges } from '../fakes/route-changes.ts';

interface Sent {
  readonly sequence: number;
  readonly wantsAnswer: boolean;
}

/** A kernel that is the test's: it refuses the entries that `errnoOf` gives an errno for. */
class ScriptedSocket implements BatchSocket {
  readonly port = 42;
  readonly room: number;
  /** One entry for each datagram sent: the messages in it. */
  readonly sent: (readonly Sent[])[] = [];
  readonly #errnoOf: (entry: number) => number;
  /** Whether the answer to the last entry of a datagram gets lost. */
  readonly forgetful: boolean;
  underWay = 0;
  mostUnderWay = 0;

  constructor(errnoOf: (entry: number) => number = () => 0, { room = 5000, forgetful = false } = {}) {
    this.#errnoOf = errnoOf;
    this.room = room;
    this.forgetful = forgetful;
  }

  async exchange(datagram: Uint8Array, answer: (answer: Uint8Array) => void): Promise<void> {
    this.underWay++;
    this.mostUnderWay = Math.max(this.mostUnderWay, this.underWay);
    const before = datagram.slice();
    const messages: Sent[] = [];
    forEachMessage(datagram, ({ sequence, flags }) =>
      messages.push({ sequence, wantsAnswer: (flags & NLM_F_ACK) !== 0 }),
    );
    const first = this.sent.reduce((sum, datagrams) => sum + datagrams.length, 0);
    this.sent.push(messages);
    await new Promise((resolve) => setImmediate(resolve));
    if (!before.every((octet, at) => octet === datagram[at])) throw new Error('the datagram was written over');
    for (const [index, { sequence, wantsAnswer }] of messages.entries()) {
      const errno = this.#errnoOf(first + index);
      const lost = this.forgetful && index === messages.length - 1;
      if ((errno !== 0 || wantsAnswer) && !lost) answer(acknowledgement(sequence, errno));
    }
    this.underWay--;
  }

  close(): void {}

  get sizes(): readonly number[] {
    return this.sent.map((messages) => messages.length);
  }
}

function acknowledgement(sequence: number, errno: number): Uint8Array {
  return new ByteWriter(20, true).u32(20).u16(NLMSG_ERROR).u16(0).u32(sequence).u32(0).i32(-errno).finish();
}

const HOW: FibInfo = { kind: 'unicast', protocol: 80, table: 254, nextHops: [{ dev: 2 }] };
const [ESRCH, ENODEV, ENETUNREACH] = [3, 19, 101];

/** 10.0.0.0/26, 10.0.0.64/26 … */
function adds(count: number, info = HOW): RouteChanges {
  return {
    family: 4,
    count,
    addresses: Uint32Array.from({ length: count }, (_, entry) => 0x0a000000 + entry * 64),
    lengths: new Uint8Array(count).fill(26),
    verbs: new Uint8Array(count).fill(ROUTE_ADD),
    infoIndex: new Uint32Array(count),
    infos: [info],
  };
}

t.test('a batch asks for one acknowledgement and tells failures by entry', async (t) => {
  const socket = new ScriptedSocket((entry) => ({ 3: ENETUNREACH, 4: ESRCH })[entry % 4096] ?? 0);
  const changes = adds(10_000);
  for (let entry = 4; entry < 10_000; entry += 4096) changes.verbs[entry] = ROUTE_DELETE;
  const failures = await new RouteSender(() => socket).apply(changes);
  t.same(
    failures.map(({ entry, code }) => [entry, code]),
    [
      [3, 'ENETUNREACH'],
      [4099, 'ENETUNREACH'],
      [8195, 'ENETUNREACH'],
    ],
    'and a deletion of what is not there is done',
  );
  const full = socket.sizes[0];
  t.ok(full > 1000);
  t.same(socket.sizes, [full, full, 10_000 - 2 * full]);
  for (const messages of socket.sent) {
    t.equal(
      messages.findIndex(({ wantsAnswer }) => wantsAnswer),
      messages.length - 1,
      'only the last one is acknowledged',
    );
  }
});

t.test('one batch at a time is with the kernel, and calls keep their order', async (t) => {
  const socket = new ScriptedSocket();
  const batch = new RouteSender(() => socket);
  await Promise.all([batch.apply(adds(5000)), batch.apply(adds(7))]);
  t.equal(socket.mostUnderWay, 1);
  t.equal(socket.sizes.at(-1), 7);
  const sequences = socket.sent.flat().map(({ sequence }) => sequence);
  t.equal(new Set(sequences).size, sequences.length, 'each request has a number of its own');
});

t.test('a batch is no larger than what the answers have room for', async (t) => {
  const socket = new ScriptedSocket(() => ENODEV, { room: 100 });
  const failures = await new RouteSender(() => socket).apply(adds(250));
  t.equal(failures.length, 250);
  t.same(socket.sizes, [100, 100, 50]);
});

t.test('a failure of the last entry is told and ends the batch', async (t) => {
  const socket = new ScriptedSocket((entry) => (entry === 1 ? ENODEV : 0));
  t.match(await new RouteSender(() => socket).apply(adds(2)), [{ entry: 1, code: 'ENODEV', reason: 'no such device' }]);
});

t.test('answers that were lost are an error, and the next batch is another matter', async (t) => {
  const socket = new ScriptedSocket(() => 0, { forgetful: true });
  const batch = new RouteSender(() => socket);
  await t.rejects(batch.apply(adds(2)), { code: 'ENOBUFS' });
  await t.rejects(batch.apply(adds(2)), { code: 'ENOBUFS' });
});

t.test('answers that are no netlink are an error', async (t) => {
  const socket = new ScriptedSocket();
  socket.exchange = async (_, answer) => answer(Uint8Array.of(3, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1));
  await t.rejects(new RouteSender(() => socket).apply(adds(1)), { code: 'MALFORMED' });
});

t.test('a way that can not be encoded fails alone', async (t) => {
  const socket = new ScriptedSocket();
  const broken: FibInfo = { ...HOW, nextHops: [{ via: 'nonsense' }] };
  const endless: FibInfo = { ...HOW, nextHops: Array.from({ length: 5000 }, () => ({ dev: 2 })) };
  const changes = routeChanges(4, [
    [ROUTE_ADD, '10.0.0.0/26', HOW],
    [ROUTE_ADD, '10.0.1.0/26', broken],
    [ROUTE_ADD, '10.0.2.0/26', endless],
    [ROUTE_ADD, '10.0.3.0/26', HOW],
  ]);
  t.match(await new RouteSender(() => socket).apply(changes), [
    { entry: 1, code: 'EINVAL', reason: /via: 'nonsense'/ },
    { entry: 2, code: 'EINVAL', reason: /5000 next hops/ },
  ]);
  t.same(socket.sizes, [1, 1]);
});

t.test('on the real kernel', async (t) => {
  const namespace = makeNamespace();
  t.teardown(() => namespace.remove());

  t.test('every refusal is told, though all of thousands are refused', async (t) => {
    const kernel = await openKernel({ namespace: namespace.path });
    const failures = await kernel.applyRoutes(adds(6000));
    t.equal(failures.length, 6000);
    t.ok(failures.every(({ code }) => code === 'ENODEV'));
    t.ok(failures.every(({ entry }, at) => entry === at));
    kernel.close();
  });

  t.test('the event loop turns while the kernel works', async (t) => {
    const kernel = await openKernel({ namespace: namespace.path });
    const blackhole: FibInfo = { ...HOW, kind: 'blackhole', nextHops: [] };
    let turns = 0;
    const turn = (): void => {
      turns++;
      immediate = setImmediate(turn);
    };
    let immediate = setImmediate(turn);
    t.same(await kernel.applyRoutes(adds(6000, blackhole)), []);
    clearImmediate(immediate);
    t.ok(turns > 3, `${turns} turns`);
    kernel.close();
  });

  t.test('closing waits for what is under way, and refuses what comes later', async (t) => {
    const socket = openBatchSocket({ namespace: namespace.path });
    const batch = new RouteSender(() => socket);
    const underWay = batch.apply(adds(10));
    for (let turn = 0; turn < 8; turn++) await Promise.resolve();
    socket.close();
    socket.close();
    const [failures] = await Promise.allSettled([underWay]);
    t.equal(failures.status === 'fulfilled' && failures.value.length, 10, 'answered all the same');
    await t.rejects(batch.apply(adds(1)), { code: 'CLOSED' });
  });

  t.test('a closed kernel refuses batches', async (t) => {
    const kernel = await openKernel({ namespace: namespace.path });
    kernel.close();
    await t.rejects(kernel.applyRoutes(adds(1)), { code: 'CLOSED' });
  });

  t.test('a namespace that is not there is an error', async (t) => {
    const kernel = await openKernel();
    t.throws(() => openBatchSocket({ namespace: '/run/netns/vrt-no-such' }), { code: 'ENOENT' });
    kernel.close();
  });
});
