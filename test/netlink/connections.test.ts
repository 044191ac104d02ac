import { execFileSync } from 'node:child_process';
import t from 'tap';
import { ByteReader } from '../../src/base/index.ts';
import { followConnections } from '../../src/netlink/connection-events.ts';
import { type Flow, openKernel, type TrackedConnection } from '../../src/netlink/index.ts';
import { decodeConnection, encodeConnectionDelete, WireAddresses } from '../../src/netlink/wire/conntrack.ts';
import { HEADER_LENGTH } from '../../src/netlink/wire/message.ts';
import { connectionsContract } from '../contracts/connections.ts';
import { FakeMachine } from '../fakes/fake-kernel.ts';
import { makeNamespace, needsRoot } from '../fakes/namespaces.ts';

await connectionsContract('fake', async () => {
  const machine = new FakeMachine();
  machine.addNamespace('/run/netns/one');
  const kernel = machine.kernel('/run/netns/one');
  let id = 1;
  const follow = (connections: readonly TrackedConnection[]): void => {
    const space = machine.namespace('/run/netns/one');
    space.connections = connections.map((one) => ({ ...one, id: id++ }));
    for (const one of space.connections) space.connectionEvents.tell('new', one);
  };
  return { kernel, follow, close: () => kernel.close() };
});

await connectionsContract('linux', async () => {
  const { name, path, remove } = makeNamespace();
  const kernel = await openKernel({ namespace: path });
  const follow = (connections: readonly TrackedConnection[]): void => {
    for (const connection of connections) {
      execFileSync('ip', ['netns', 'exec', name, 'conntrack', '-I', ...words(connection)], { stdio: 'ignore' });
    }
  };
  const close = (): void => {
    kernel.close();
    remove();
  };
  return { kernel, follow, close };
});

/** As conntrack(8) reads it. */
function words({ protocol, original, reply }: TrackedConnection): readonly string[] {
  const ends = ['-s', original.source, '-d', original.destination, '-r', reply.source, '-q', reply.destination];
  const { icmp } = original;
  const its =
    icmp === undefined
      ? [...ports('--sport', '--dport', original), ...ports('--reply-port-src', '--reply-port-dst', reply)]
      : ['--icmp-type', String(icmp.type), '--icmp-code', String(icmp.code), '--icmp-id', String(icmp.id)];
  const state = protocol === 6 ? ['--state', 'ESTABLISHED'] : [];
  return [...ends, '-p', String(protocol), ...its, ...state, '-t', '1000'];
}

function ports(source: string, destination: string, { sourcePort, destinationPort }: Flow): readonly string[] {
  return [source, String(sourcePort), destination, String(destinationPort)];
}

t.test('events that nobody reads in time are counted as lost, and what comes later is read', needsRoot, async (t) => {
  const { name, path, remove } = makeNamespace();
  const events = followConnections(path, () => t.pass('it is told that it ends'), 2048);
  t.teardown(remove);
  const begin = (port: number): void => {
    execFileSync('ip', ['netns', 'exec', name, 'conntrack', '-I', ...words(udpTo(port))], { stdio: 'ignore' });
  };
  const ports: number[] = [];
  const read = (): unknown => events.read(({ destinationPort }) => ports.push(destinationPort), 1000);
  for (let port = 1; port <= 12; port++) begin(port);
  read();
  t.ok(events.lost > 0, `${events.lost} were lost`);
  t.equal(events.lost + ports.length, 12);
  begin(99);
  read();
  t.equal(ports.at(-1), 99);
  events.stop();
  events.stop();
  t.equal(read(), 0);
});

function udpTo(destinationPort: number): TrackedConnection {
  return {
    family: 4,
    protocol: 17,
    original: { source: '10.0.0.1', destination: '10.0.0.2', sourcePort: 7, destinationPort },
    reply: { source: '10.0.0.2', destination: '10.0.0.1', sourcePort: destinationPort, destinationPort: 7 },
    ...{ id: 0, zone: 0 },
  };
}

t.test('a connection is found by its addresses however the kernel orders them', async (t) => {
  // CTA_ID before the tuples, and a reply without a source: nothing that a kernel writes today.
  const one: TrackedConnection = {
    family: 4,
    protocol: 17,
    original: { source: '10.0.0.1', destination: '10.0.0.2', sourcePort: 1, destinationPort: 2 },
    reply: { source: '10.0.0.2', destination: '10.0.0.1', sourcePort: 2, destinationPort: 1 },
    id: 0x01020304,
    zone: 7,
  };
  const request = encodeConnectionDelete(one);
  const body = request.subarray(HEADER_LENGTH + 4);
  const original = body.subarray(0, body[0]);
  const rest = body.subarray(body[0]);
  const reply = original.with(2, 2);
  const read = (parts: readonly Uint8Array[], ...addresses: string[]): unknown =>
    decodeConnection(
      new ByteReader(Buffer.concat([request.subarray(HEADER_LENGTH, HEADER_LENGTH + 4), ...parts]), 0, undefined, true),
      new WireAddresses(addresses),
    );
  for (const parts of [
    [original, reply, rest],
    [rest, original, reply],
    [reply, original, rest],
  ]) {
    t.match(read(parts, '10.0.0.2'), { original: one.original, id: one.id, zone: 7 });
    t.equal(read(parts, '10.0.0.3', 'fd00::1'), undefined);
  }
});
