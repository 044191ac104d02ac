import { join } from 'node:path';
import t from 'tap';
import { silentLog } from '../../src/base/index.ts';
import { ControlServer, type NodeStatusPeer, type StatusAnswer } from '../../src/control/index.ts';
import { Cluster, directory } from './harness.ts';

/** Noon of a day, in the zone of whoever runs this: SINCE is local time. */
const NOON = new Date(2026, 0, 2, 12, 0, 0).getTime();

function peer(address: string, since: Date, more: Partial<NodeStatusPeer> = {}): NodeStatusPeer {
  return {
    address,
    family: address.includes(':') ? 6 : 4,
    type: 'node-to-node mesh',
    state: 'up',
    since: since.getTime(),
    info: 'Established',
    remoteAs: 64512,
    received: 1,
    accepted: 1,
    advertised: 1,
    ...more,
  };
}

function status(peers: readonly NodeStatusPeer[] | undefined): StatusAnswer {
  return {
    nodename: 'n1',
    version: '0.1.0',
    pid: 1,
    startedAt: NOON,
    ready: true,
    problems: [],
    datastore: { type: 'memory', inSync: true, lastEventAgeSeconds: 0 },
    ...(peers && { bgp: { asn: 64512, routerId: '192.0.2.1', peers: [...peers] } }),
    blocks: [],
    routes: { desired: 0, programmed: 0, failed: 0 },
  };
}

/** `node status` beside a daemon that answers this. */
async function nodeStatus(t: Tap, answer: StatusAnswer | undefined, uid = 0) {
  const socket = join(await directory(t, {}), 'd.sock');
  if (answer !== undefined) {
    const server = await ControlServer.listen(socket, async () => answer, silentLog);
    t.teardown(() => server.close());
  }
  const cluster = new Cluster({ env: { VROUTER_SOCKET: socket }, uid }, NOON);
  return cluster.run('node status');
}
type Tap = Parameters<typeof directory>[0];

t.test('two peers of the mesh, as the manual shows them', async (t) => {
  const peers = [
    peer('138.138.82.15', new Date(2026, 0, 2, 9, 3, 56)),
    peer('138.138.82.16', new Date(2026, 0, 2, 9, 4, 8)),
  ];
  t.same(await nodeStatus(t, status(peers)), {
    code: 0,
    stderr: '',
    stdout: `Calico process is running.

IPv4 BGP status
+---------------+-------------------+-------+----------+-------------+
| PEER ADDRESS  |     PEER TYPE     | STATE |  SINCE   |    INFO     |
+---------------+-------------------+-------+----------+-------------+
| 138.138.82.15 | node-to-node mesh | up    | 09:03:56 | Established |
| 138.138.82.16 | node-to-node mesh | up    | 09:04:08 | Established |
+---------------+-------------------+-------+----------+-------------+

IPv6 BGP status
No IPv6 peers found.

`,
  });
});

t.test('an older session shows its date, a long reason is broken, IPv6 has its own table', async (t) => {
  const peers = [
    peer('192.0.2.7', new Date(2025, 11, 31, 9, 3, 56), {
      type: 'global',
      state: 'start',
      info: 'Active Socket: Connection refused',
    }),
    peer('2001:db8::2', new Date(2026, 0, 2, 0, 0, 1), { type: 'node specific' }),
  ];
  const { stdout } = await nodeStatus(t, status(peers));
  t.equal(
    stdout,
    `Calico process is running.

IPv4 BGP status
+--------------+-----------+-------+------------+--------------------------------+
| PEER ADDRESS | PEER TYPE | STATE |   SINCE    |              INFO              |
+--------------+-----------+-------+------------+--------------------------------+
| 192.0.2.7    | global    | start | 2025-12-31 | Active Socket: Connection      |
|              |           |       |            | refused                        |
+--------------+-----------+-------+------------+--------------------------------+

IPv6 BGP status
+--------------+---------------+-------+----------+-------------+
| PEER ADDRESS |   PEER TYPE   | STATE |  SINCE   |    INFO     |
+--------------+---------------+-------+----------+-------------+
| 2001:db8::2  | node specific | up    | 00:00:01 | Established |
+--------------+---------------+-------+----------+-------------+

`,
  );
});

t.test('a node without peers, and one that does no BGP', async (t) => {
  const alone = 'IPv4 BGP status\nNo IPv4 peers found.\n\nIPv6 BGP status\nNo IPv6 peers found.\n\n';
  t.equal((await nodeStatus(t, status([]))).stdout, `Calico process is running.\n\n${alone}`);
  t.equal(
    (await nodeStatus(t, status(undefined))).stdout,
    'Calico process is running.\n\nThe BGP backend process (BIRD) is not running.\n\n',
  );
});

t.test('without a daemon, or without being root', async (t) => {
  t.same(await nodeStatus(t, undefined), { code: 1, stdout: '', stderr: 'Calico process is not running.\n' });
  t.same(await nodeStatus(t, status([]), 1000), {
    code: 1,
    stdout: '',
    stderr: 'Need super user privileges: Operation not permitted\n',
  });
});
