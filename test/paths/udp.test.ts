import t from 'tap';
import { systemClock } from '../../src/base/index.ts';
import { until } from '../../src/lab/until.ts';
import { UdpSockets } from '../../src/paths/transport/index.ts';

const PORT = 40_000 + (process.pid % 10_000);

t.test('packets go from an address of ours to another and back, in both families', async (t) => {
  const heard: string[] = [];
  const sockets = new UdpSockets((payload, local, remote) => heard.push(`${payload[0]} ${remote} ${local}`), PORT);
  t.teardown(() => sockets.close());
  sockets.bind(['127.0.0.2', '127.0.0.3', '::1']);
  const send = (local: string, remote: string, octet: number): boolean => {
    sockets.send(local, remote, Uint8Array.of(octet));
    return heard.some((line) => line.startsWith(`${octet} `));
  };
  await until(systemClock, 'IPv4', async () => send('127.0.0.2', '127.0.0.3', 4));
  await until(systemClock, 'IPv6', async () => send('::1', '::1', 6));
  t.same([...new Set(heard)], ['4 127.0.0.2 127.0.0.3', '6 ::1 ::1']);
  t.same(sockets.problems(), []);
});

t.test('an address that is not there yet is told of, and tried again; what goes from it is lost', async (t) => {
  const sockets = new UdpSockets(() => {}, PORT);
  t.teardown(() => sockets.close());
  sockets.bind(['192.0.2.77']);
  await until(systemClock, 'the refusal', async () => sockets.problems().length > 0);
  t.match(sockets.problems(), [/^paths to other nodes can't be probed from 192\.0\.2\.77: .*EADDRNOTAVAIL/]);
  sockets.send('192.0.2.77', '127.0.0.1', new Uint8Array(1));
  sockets.bind(['192.0.2.77']);
  sockets.bind([]);
  t.same(sockets.problems(), []);
});
