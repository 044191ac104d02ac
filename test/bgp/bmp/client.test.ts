import t from 'tap';
import { VirtualClock } from '../../../src/base/index.ts';
import { BMP_TYPE, BmpClient } from '../../../src/bgp/bmp/index.ts';
import type { Connection, ConnectionReceiver } from '../../../src/bgp/transport/index.ts';
import { createUpdateView, decodeUpdate, encodeEndOfRib, encodeOpen } from '../../../src/bgp/wire/index.ts';
import { Network, type Node } from '../speaker-network.ts';

const [A, B, COLLECTOR] = ['10.0.0.1', '10.0.0.2', '10.0.0.9'];
const PEER_HEADER = 48;

/** What a collector heard, one entry for each message. */
class Collector {
  readonly heard: Uint8Array[] = [];
  connection: Connection | undefined;
  connections = 0;

  async listen(network: Network): Promise<void> {
    const listener = await network.links.host(COLLECTOR).listen({ address: COLLECTOR, port: 1790 }, (connection) => {
      this.connection = connection;
      this.connections++;
      connection.receive({ data: (chunk) => this.#take(chunk), drained: () => {}, closed: () => {} });
    });
    listener.admit([{ from: A }]);
  }

  get types(): string[] {
    const names = Object.entries(BMP_TYPE);
    return this.heard.map((message) => names.find(([, type]) => type === message[5])![0]);
  }

  /** Routes by the UPDATEs that were passed on. */
  get routes(): number {
    const view = createUpdateView();
    const session = {
      fourOctetAs: true,
      ibgp: false,
      families: ['ipv4-unicast'],
      addPathReceive: [],
      extendedNextHop: [],
    };
    let count = 0;
    for (const message of this.heard) {
      if (message[5] !== BMP_TYPE.ROUTE_MONITORING) continue;
      decodeUpdate(message, PEER_HEADER, message.length, session as never, view);
      count += view.announced4.count - view.withdrawn4.count;
    }
    return count;
  }

  #take(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; ) {
      const end = at + new DataView(chunk.buffer, chunk.byteOffset).getUint32(at + 1);
      this.heard.push(chunk.slice(at, end));
      at = end;
    }
  }
}

async function monitored(network: Network, buffer?: number): Promise<{ a: Node; b: Node; bmp: BmpClient }> {
  let bmp: BmpClient | undefined;
  const options = { onRecord: (record: Parameters<BmpClient['record']>[0]) => bmp?.record(record) };
  const a = await network.node(A, 65001, [{ address: B, remoteAs: 65002 }], options);
  const b = await network.node(B, 65002, [{ address: A, remoteAs: 65001 }]);
  bmp = new BmpClient({
    collector: { address: COLLECTOR, port: 1790 },
    transport: network.links.host(A),
    clock: network.clock,
    name: 'a',
    description: 'a speaker',
    table: (peer) => a.speaker.received(peer),
    statistics: () => a.speaker.peers()[0].prefixes,
    ...(buffer !== undefined && { buffer }),
  });
  return { a, b, bmp };
}

t.test('a collector hears of peers, their routes, statistics and the end', async (t) => {
  const network = new Network();
  const collector = new Collector();
  await collector.listen(network);
  const { a, b, bmp } = await monitored(network);
  bmp.start();
  network.run(3);
  b.speaker.originate([{ prefix: '192.168.0.0/24' }, { prefix: '192.168.1.0/24' }]);
  network.run(1);
  t.same(collector.types.slice(0, 2), ['INITIATION', 'PEER_UP']);
  t.equal(collector.routes, 2);
  network.run(60);
  t.ok(collector.types.includes('STATISTICS'));
  await b.speaker.stop('shutdown', 'maintenance');
  network.run(1);
  t.equal(collector.types.at(-1), 'PEER_DOWN');
  t.same([...collector.heard.at(-1)!.subarray(PEER_HEADER)].slice(0, 1), [3], 'by the NOTIFICATION that came');
  bmp.stop('done');
  network.run(1);
  t.equal(collector.types.at(-1), 'TERMINATION');
  t.equal(a.routes.length, 0);
});

t.test('one that comes late, and again after a loss, is told who is up and their tables', async (t) => {
  const network = new Network();
  const { b, bmp } = await monitored(network);
  bmp.start();
  b.speaker.originate([{ prefix: '192.168.0.0/24' }, { prefix: '192.168.1.0/24' }]);
  network.run(3);
  t.notOk(bmp.connected);
  const collector = new Collector();
  await collector.listen(network);
  network.run(30);
  t.equal(collector.connections, 1);
  t.same(collector.types.slice(0, 3), ['INITIATION', 'PEER_UP', 'ROUTE_MONITORING']);
  t.equal(collector.routes, 2);
  collector.heard.length = 0;
  collector.connection!.destroy();
  network.run(30);
  t.equal(collector.connections, 2);
  t.equal(collector.routes, 2);
});

t.test('a collector that does not keep up is left, and starts again from the tables', async (t) => {
  const network = new Network();
  const collector = new Collector();
  await collector.listen(network);
  const { b, bmp } = await monitored(network, 2000);
  bmp.start();
  network.run(3);
  const prefixes = Array.from({ length: 900 }, (_, at) => ({ prefix: `10.${at >> 8}.${at & 255}.0/24` }));
  b.speaker.originate(prefixes);
  network.run(0.5);
  t.notOk(bmp.connected, 'more waited for it than the buffer holds');
  t.equal(b.speaker.peers()[0].state, 'Established', 'the session is none the worse');
  b.speaker.originate(prefixes.slice(0, 10));
  collector.heard.length = 0;
  network.run(30);
  t.ok(bmp.connected);
  t.equal(collector.routes, 10);
});

t.test('tables are told as fast as the collector reads, and nothing of a session before its turn', async (t) => {
  const clock = new VirtualClock();
  const heard: string[] = [];
  let collector: ConnectionReceiver | undefined;
  let reads = true;
  const connection: Connection = {
    local: { address: A, port: 40_000 },
    remote: { address: COLLECTOR, port: 1790 },
    backlog: 0,
    taken: 0,
    receive: (given) => {
      collector = given;
    },
    // The type, and for what is about a peer the last octet of its address.
    write: (bytes) => {
      const [name] = Object.entries(BMP_TYPE).find(([, type]) => type === bytes[5])!;
      heard.push(bytes[5] === BMP_TYPE.INITIATION ? name : `${name} ${bytes[31]}`);
      return reads || bytes[5] !== BMP_TYPE.ROUTE_MONITORING;
    },
    end: () => {},
    destroy: () => {},
  };
  const bmp = new BmpClient({
    collector: { address: COLLECTOR, port: 1790 },
    transport: {
      dial: (_options, receiver) => clock.after(1000, () => receiver.connected(connection)),
      listen: () => Promise.reject(new Error('nobody dials us')),
    },
    clock,
    name: 'a',
    description: 'a speaker',
    table: () => [encodeEndOfRib('ipv4-unicast')],
    statistics: () => ({ received: 0, accepted: 0, advertised: 0 }),
  });
  const open = encodeOpen({ asn: 65002, holdTime: 90, routerId: 2, capabilities: [] });
  const of = (peer: number) => ({
    peer: `10.0.0.${peer}`,
    peerAs: 65002,
    localAs: 65001,
    routerId: peer,
    local: { address: A, port: 179 },
    remote: { address: `10.0.0.${peer}`, port: 30_000 },
    fourOctetAs: true,
  });
  bmp.start();
  for (const peer of [2, 3, 4]) {
    bmp.record({ ...of(peer), kind: 'message', direction: 'sent', bytes: open });
    bmp.record({ ...of(peer), kind: 'message', direction: 'received', bytes: open });
    bmp.record({ ...of(peer), kind: 'up' });
  }
  reads = false;
  clock.advance(1000);
  t.same(heard.splice(0), ['INITIATION', 'PEER_UP 2', 'ROUTE_MONITORING 2'], 'it wants a pause');
  const update = encodeEndOfRib('ipv4-unicast');
  for (const peer of [2, 3]) bmp.record({ ...of(peer), kind: 'message', direction: 'received', bytes: update });
  bmp.record({ ...of(4), kind: 'down', reason: 'gone' });
  t.same(heard.splice(0), ['ROUTE_MONITORING 2'], 'the others it does not know');
  reads = true;
  collector!.drained();
  clock.advance(100);
  t.same(heard.splice(0), ['PEER_UP 3', 'ROUTE_MONITORING 3']);
  bmp.record({ ...of(3), kind: 'down', reason: 'gone' });
  t.same(heard, ['PEER_DOWN 3']);
});
