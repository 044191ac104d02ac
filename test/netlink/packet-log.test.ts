import { execFileSync } from 'node:child_process';
import t from 'tap';
import { type ByteWriter, sleep, systemClock } from '../../src/base/index.ts';
import { type LoggedPacketEvent, openKernel } from '../../src/netlink/index.ts';
import { followPackets } from '../../src/netlink/packet-log.ts';
import type { SocketEvents } from '../../src/netlink/socket.ts';
import { attributeBytes, attributeText } from '../../src/netlink/wire/attribute.ts';
import { encodeMessage, setSequence } from '../../src/netlink/wire/message.ts';
import { makeNamespace, needsRoot } from '../fakes/namespaces.ts';

const PATIENCE = 30_000;
const GROUP = 17;

t.test(
  'what a rule logs and counts is read: its prefix, its interfaces, and who spoke to whom',
  needsRoot,
  async (t) => {
    const namespace = makeNamespace();
    const kernel = await openKernel({ namespace: namespace.path });
    t.teardown(() => {
      kernel.close();
      namespace.remove();
    });
    const inside = (...command: string[]): void => {
      execFileSync('ip', ['netns', 'exec', namespace.name, ...command]);
    };
    inside('ip', 'link', 'set', 'lo', 'up');
    inside('nft', 'add table inet t; add chain inet t out { type filter hook output priority 0; }');
    inside('nft', `add rule inet t out udp dport 99 log prefix "drop-x" group ${GROUP} snaplen 160 drop`);
    const events: LoggedPacketEvent[] = [];
    const monitor = await kernel.packetLog(GROUP, (event) => events.push(event));
    const until = async (count: number): Promise<void> => {
      const end = systemClock.now() + PATIENCE;
      while (events.length < count && systemClock.now() < end) await sleep(systemClock, 5);
    };
    for (const [index, to] of ['127.0.0.1', '::1'].entries()) {
      inside('bash', '-c', `echo hello > /dev/udp/${to}/99 || true`);
      await until(index + 1);
      const [event] = events.slice(index);
      t.match(event, { kind: 'packet', prefix: 'drop-x', source: to, destination: to, protocol: 17 });
      t.match(event, { sourcePort: Number, destinationPort: 99, outDevice: 1, inDevice: undefined });
    }
    monitor.stop();
    inside('nft', 'add chain inet t counted; add rule inet t counted counter');
    inside('nft', 'insert rule inet t out udp dport 98 counter comment "them"');
    inside('bash', '-c', 'echo hello > /dev/udp/127.0.0.1/98 || true');
    t.same(await kernel.ruleCounts({ family: 'inet', name: 't' }), [
      { chain: 'out', comment: 'them', packets: 1, bytes: 34 },
      { chain: 'counted', packets: 0, bytes: 0 },
    ]);
    t.same(await kernel.ruleCounts({ family: 'inet', name: 'none' }), []);
  },
);

/** A datagram as the kernel sends it: a packet of the group, from 10.0.0.1 to 10.0.0.2. */
function logged(sequence: number): Uint8Array {
  return encodeMessage(0x0400, 0, (writer: ByteWriter) => {
    writer.u8(2).zeros(3);
    attributeText(writer, 10, 'drop-x');
    attributeBytes(writer, 12, Uint8Array.of(sequence >>> 24, sequence >>> 16, sequence >>> 8, sequence));
    attributeBytes(writer, 9, Buffer.from('450000280000400040060000100000000a00000b', 'hex'));
  });
}

async function follow() {
  const events: LoggedPacketEvent[] = [];
  let socket: SocketEvents | undefined;
  let closed = 0;
  const requests: Uint8Array[] = [];
  const monitor = await followPackets(
    (handlers) => {
      socket = handlers;
      const send = (datagram: Uint8Array, sent: () => void): void => {
        requests.push(datagram);
        const answer = encodeMessage(2, 0, (writer) => writer.i32(0).raw(datagram.subarray(0, 16)));
        setSequence(answer, datagram[8]);
        sent();
        queueMicrotask(() => handlers.message(answer));
      };
      return { port: 1, send, close: () => closed++ };
    },
    GROUP,
    (event) => events.push(event),
  );
  return { events, socket: socket!, monitor, requests, closed: () => closed };
}

t.test('what was lost on the way is told as a number', async (t) => {
  const { events, socket, requests } = await follow();
  t.equal(requests.length, 2, 'the group, and how its packets are told');
  for (const sequence of [7, 8, 12, 0xffffffff, 0, 3]) socket.message(logged(sequence));
  const told = events.map((event) => (event.kind === 'lost' ? event.packets : event.prefix));
  t.same(told, ['drop-x', 'drop-x', 3, 'drop-x', 'drop-x', 'drop-x', 2, 'drop-x'], 'numbers may begin anew');
});

t.test('an overflow, and what can not be read, is told; a stopped one is silent', async (t) => {
  const { events, socket, monitor, closed } = await follow();
  socket.overflow();
  socket.message(new Uint8Array(16));
  t.same(events, [
    { kind: 'lost', packets: 0 },
    { kind: 'lost', packets: 0 },
  ]);
  monitor.stop();
  socket.message(logged(1));
  socket.overflow();
  t.equal(events.length, 2);
  t.equal(closed(), 1);
});
