import t, { type Test } from 'tap';
import type { ConnectionEvent, Kernel, TrackedConnection } from '../../src/netlink/index.ts';

export interface ConnectionsGround {
  readonly kernel: Kernel;
  /** Has the kernel follow connections such as these; ids and zones are its own. */
  follow(connections: readonly TrackedConnection[]): void;
  close(): void;
}

const TCP: TrackedConnection = {
  family: 4,
  protocol: 6,
  original: { source: '10.0.0.1', destination: '10.96.0.1', sourcePort: 40_000, destinationPort: 443 },
  reply: { source: '10.0.0.2', destination: '10.0.0.1', sourcePort: 8443, destinationPort: 40_000 },
  id: 0,
  zone: 0,
};
const UDP: TrackedConnection = {
  family: 6,
  protocol: 17,
  original: { source: 'fd00::1', destination: 'fd00::2', sourcePort: 5353, destinationPort: 53 },
  reply: { source: 'fd00::2', destination: 'fd00::1', sourcePort: 53, destinationPort: 5353 },
  id: 0,
  zone: 0,
};
const PING: TrackedConnection = {
  family: 4,
  protocol: 1,
  original: { source: '10.0.0.3', destination: '10.0.0.4', icmp: { type: 8, code: 0, id: 7 } },
  reply: { source: '10.0.0.4', destination: '10.0.0.3', icmp: { type: 0, code: 0, id: 7 } },
  id: 0,
  zone: 0,
};
const ALL = [TCP, UDP, PING];

const SCENARIOS: Readonly<Record<string, (t: Test, ground: ConnectionsGround) => Promise<void>>> = {
  'a fresh namespace follows nothing': async (t, { kernel }) => {
    t.same(await kernel.connectionList(), []);
  },

  'connections of both families are listed, with what answers look like': async (t, { kernel, follow }) => {
    follow(ALL);
    t.same(ordered(await kernel.connectionList()), ordered(ALL));
  },

  'those of some addresses, whichever end and direction they are in': async (t, { kernel, follow }) => {
    follow(ALL);
    const of = async (...addresses: string[]): Promise<unknown> =>
      ordered(await kernel.connectionList({ addresses: new Set(addresses) }));
    for (const { original, reply, ...rest } of ALL) {
      for (const end of [original.source, original.destination, reply.source, reply.destination]) {
        t.same(await of(end), ordered([{ original, reply, ...rest }]), end);
      }
    }
    t.same(await of('10.0.0.2', 'fd00::1'), ordered([TCP, UDP]));
    t.same(await of('10.0.0.9', '::', 'no address'), []);
    t.same(await of(), []);
  },

  'what is deleted is gone, and the others are not': async (t, { kernel, follow }) => {
    follow(ALL);
    for (const left of [[UDP, PING], [PING], []]) {
      const [first] = (await kernel.connectionList()).filter(
        ({ protocol }) => !left.some((one) => one.protocol === protocol),
      );
      await kernel.connectionsDelete([first]);
      t.same(ordered(await kernel.connectionList()), ordered(left));
    }
  },

  'one that is gone already is no error, and neither is none': async (t, { kernel, follow }) => {
    follow(ALL);
    const found = await kernel.connectionList();
    await kernel.connectionsDelete([]);
    await kernel.connectionsDelete(found);
    await kernel.connectionsDelete(found);
    t.same(await kernel.connectionList(), []);
  },

  'those that begin and end are told, in numbers, when somebody reads': async (t, { kernel, follow }) => {
    follow([TCP]);
    const events = await kernel.connectionEvents();
    const read = (most = 100): readonly unknown[] => {
      const told: unknown[] = [];
      events.read((event) => told.push(plain(event)), most);
      return told;
    };
    t.same(read(), [], 'what was there before is not told');
    follow([UDP, PING]);
    await kernel.connectionsDelete(await kernel.connectionList({ addresses: new Set(['fd00::1']) }));
    const of = ({ family, protocol }: TrackedConnection) => ({ family, protocol });
    const udp = {
      ...of(UDP),
      addresses: [
        [0xfd000000, 0, 0, 1],
        [0xfd000000, 0, 0, 2],
        [0xfd000000, 0, 0, 2],
      ].flat(),
      ...{ sourcePort: 5353, destinationPort: 53, answererPort: 53, icmpType: -1, icmpCode: -1 },
    };
    const ping = {
      ...of(PING),
      addresses: [
        [0x0a000003, 0, 0, 0],
        [0x0a000004, 0, 0, 0],
        [0x0a000004, 0, 0, 0],
      ].flat(),
      ...{ sourcePort: 0, destinationPort: 0, answererPort: 0, icmpType: 8, icmpCode: 0 },
    };
    const counters = { packets: 0, octets: 0, answeredPackets: 0, answeredOctets: 0 };
    t.same(read(1), [{ kind: 'new', ...udp, ...counters }], 'no more than are asked for');
    t.same(read(), [
      { kind: 'new', ...ping, ...counters },
      { kind: 'destroy', ...udp, ...counters },
    ]);
    t.equal(events.lost, 0);
    follow([UDP]);
    events.stop();
    t.same(read(), []);
  },

  'another one in its place stays': async (t, { kernel, follow }) => {
    follow([TCP]);
    const before = await kernel.connectionList();
    await kernel.connectionsDelete(before);
    follow([TCP]);
    const now = await kernel.connectionList();
    if (now[0].id === before[0].id) return;
    await kernel.connectionsDelete(before);
    t.same(await kernel.connectionList(), now);
  },
};

/** Runs every scenario on the ground that `open` gives, each on a fresh one. */
export async function connectionsContract(name: string, open: () => Promise<ConnectionsGround>): Promise<void> {
  for (const [sentence, scenario] of Object.entries(SCENARIOS)) {
    await t.test(`${name}: ${sentence}`, async (t) => {
      const ground = await open();
      t.teardown(() => ground.close());
      await scenario(t, ground);
    });
  }
}

/** A copy: the event itself is another one soon. */
function plain({ addresses, ...event }: ConnectionEvent): unknown {
  return { ...event, addresses: [...addresses] };
}

/** In an order of its own, without the kernel's numbers. */
function ordered(connections: readonly TrackedConnection[]): unknown {
  return connections.map((connection) => ({ ...connection, id: 0 })).sort((a, b) => a.protocol - b.protocol);
}
