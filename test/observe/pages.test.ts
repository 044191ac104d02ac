import { request as get } from 'node:http';
import pino from 'pino';
import t, { type Test } from 'tap';
import { silentLog, VirtualClock } from '../../src/base/index.ts';
import { Heartbeat, journal, Metrics, type NodeReport, nodePages, PageServer } from '../../src/observe/index.ts';
import { tunnelDrops } from '../../src/observe/tunnel-drops.ts';

const STATUS: NodeReport = {
  nodename: 'n1',
  version: '0.1.0',
  pid: 1,
  startedAt: 0,
  ready: true,
  problems: [],
  datastore: { type: 'sqlite', inSync: true, lastEventAgeSeconds: 2 },
  bgp: {
    asn: 64512,
    routerId: '172.16.0.1',
    peers: [
      {
        address: '172.16.0.2',
        family: 4,
        type: 'node-to-node mesh',
        since: 0,
        session: 'Established',
        remoteAs: 64512,
        received: 3,
        accepted: 2,
        advertised: 1,
        malformed: { discard: 1, withdraw: 4, reset: 0, withdrawn: { count: 3, prefixes: ['10.1.0.0/24'] } },
      },
      {
        address: '172.16.0.3',
        family: 4,
        type: 'node-to-node mesh',
        since: 0,
        session: 'Active',
        reason: 'connection refused',
        remoteAs: 64512,
        received: 0,
        accepted: 0,
        advertised: 0,
      },
    ],
  },
  blocks: [{ cidr: '10.244.0.0/26', state: 'confirmed', inUse: 5, size: 64 }],
  routes: { desired: 7, programmed: 6, failed: 1 },
};

async function served(
  t: Test,
  status: NodeReport = STATUS,
): Promise<(path: string, method?: string) => Promise<{ status: number; body: string }>> {
  const metrics = new Metrics({
    status: () => status,
    routesWritten: () => ({ add: 7, replace: 0, delete: 2 }),
    ignored: () => new Map([['Node', 17]]),
    refused: () =>
      Array.from({ length: 101 }, (_, number) => ({
        what: `route 10.9.${number}.0/26`,
        reason: 'Nexthop has invalid gateway',
      })),
  });
  metrics.updateToKernel.observe(0.02);
  const server = await PageServer.listen('127.0.0.1', 0, { pages: nodePages(() => status, metrics) }, silentLog);
  t.teardown(() => server.close());
  return (path, method = 'GET') =>
    new Promise((resolve, reject) => {
      const question = get({ host: '127.0.0.1', port: server.port, path, method }, (response) => {
        let body = '';
        response.on('data', (chunk) => {
          body += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      });
      question.on('error', reject);
      question.end();
    });
}

t.test('a node that is ready says so, by all the names that probes use', async (t) => {
  const ask = await served(t);
  for (const path of ['/healthz', '/livez', '/liveness', '/readyz', '/readiness'])
    t.equal((await ask(path)).status, 200, path);
});

t.test('a node that is not ready says why, and is alive all the same', async (t) => {
  const ask = await served(t, { ...STATUS, ready: false, problems: ['the datastore is being read'] });
  t.match(await ask('/readyz'), { status: 503, body: /datastore is being read/ });
  t.equal((await ask('/healthz')).status, 200);
});

t.test('metrics tell of sessions, prefixes, blocks, routes, convergence and the event loop', async (t) => {
  const { body } = await (await served(t))('/metrics');
  for (const line of [
    'vrouter_build_info{version="0.1.0"} 1',
    'vrouter_ready 1',
    'vrouter_updates_ignored_total{kind="Node"} 17',
    'vrouter_bgp_session_up{peer="172.16.0.2",peer_as="64512",type="node-to-node mesh"} 1',
    'vrouter_bgp_session_up{peer="172.16.0.3",peer_as="64512",type="node-to-node mesh"} 0',
    'vrouter_bgp_session_state{peer="172.16.0.2"} 6',
    'vrouter_bgp_session_state{peer="172.16.0.3"} 3',
    'vrouter_bgp_prefixes{peer="172.16.0.2",direction="accepted"} 2',
    'vrouter_bgp_malformed_updates_total{peer="172.16.0.2",action="withdraw"} 4',
    'vrouter_bgp_malformed_updates_total{peer="172.16.0.3",action="reset"} 0',
    'vrouter_bgp_routes_withdrawn_by_error{peer="172.16.0.2"} 3',
    'vrouter_ipam_blocks 1',
    'vrouter_ipam_addresses_in_use 5',
    'vrouter_routes_failed 1',
    'vrouter_routes_programmed 6',
    'vrouter_bgp_prefixes{peer="172.16.0.2",direction="filtered"} 1',
    'vrouter_bgp_info{asn="64512",router_id="172.16.0.1"} 1',
    'vrouter_kernel_refused{what="route 10.9.99.0/26",reason="Nexthop has invalid gateway"} 1',
    'vrouter_route_writes_total{verb="delete"} 2',
    'vrouter_datastore_connected{type="sqlite"} 1',
    'vrouter_bgp_convergence_seconds_bucket{le="0.025"} 1',
  ]) {
    t.ok(body.split('\n').includes(line), line);
  }
  t.notMatch(body, '10.9.100.0/26', 'what the kernel refuses is named, as far as it makes sense');
  t.match(body, /^process_resident_memory_bytes [1-9]/m);
  t.match(body, /^process_cpu_seconds_total [0-9]/m);
});

t.test('counters do not grow by being read', async (t) => {
  const ask = await served(t);
  await ask('/metrics');
  const { body } = await ask('/metrics');
  t.match(body, 'vrouter_route_writes_total{verb="add"} 7\n');
  t.match(body, 'vrouter_bgp_malformed_updates_total{peer="172.16.0.2",action="withdraw"} 4\n');
});

t.test('there is nothing else to be had', async (t) => {
  const ask = await served(t);
  t.equal((await ask('/../etc/passwd')).status, 404);
  t.equal((await ask('/constructor')).status, 404);
  t.equal((await ask('/metrics', 'POST')).status, 405);
  t.same(await ask('/healthz', 'HEAD'), { status: 200, body: '' });
});

t.test('series are there before anything has happened', async (t) => {
  const { body } = await (await served(t))('/metrics');
  for (const line of [
    'vrouter_bgp_session_flaps_total{peer="172.16.0.2"} 0',
    'vrouter_bgp_session_last_error_timestamp_seconds{peer="172.16.0.2",reason=""} 0',
    'vrouter_cni_operation_seconds_count{op="add",result="error"} 0',
    'vrouter_cni_operation_seconds_count{op="del",result="ok"} 0',
    'vrouter_endpoints{state="missing"} 0',
    'vrouter_endpoints{state="strange"} 0',
    'vrouter_problems 0',
    'vrouter_config_loaded_bool 0',
    'vrouter_config_stale_bool 0',
    'vrouter_bgp_last_notification_info{peer="172.16.0.2",code="",subcode="",direction=""} 0',
    'vrouter_bgp_session_established_timestamp_seconds{peer="172.16.0.3"} 0',
    'vrouter_nft_transaction_failures_total 0',
    'vrouter_route_program_seconds_count 0',
    'vrouter_policy_program_seconds_count 0',
    'vrouter_policy_objects{what="policies"} 0',
  ]) {
    t.ok(body.split('\n').includes(line), line);
  }
  for (const name of ['vrouter_event_loop_lag_seconds', 'vrouter_heartbeat_timestamp_seconds']) t.match(body, name);
});

t.test('a loop that stands still shows it', async (t) => {
  const clock = new VirtualClock();
  const heartbeat = new Heartbeat(clock);
  t.teardown(() => heartbeat.stop());
  clock.advance(5000);
  t.equal(heartbeat.lag, 0);
  t.equal(heartbeat.lastBeat, clock.wallTime() / 1000);
});

t.test('what tunnels drop is counted by device and direction', async (t) => {
  const text = [
    'Inter-|   Receive                                                |  Transmit',
    ' face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed',
    '  eth0: 1 1 9 9 0 0 0 0 1 1 9 9 0 0 0 0',
    ' tunl0: 100 2 1 2 0 0 0 0 200 3 4 5 0 0 0 0',
  ].join('\n');
  t.same(tunnelDrops(text), [
    { device: 'tunl0', direction: 'receive', count: 3 },
    { device: 'tunl0', direction: 'transmit', count: 9 },
  ]);
  t.same(tunnelDrops(''), []);
});

t.test('under systemd each line begins with its priority', async (t) => {
  const lines: string[] = [];
  const log = pino(
    { level: 'trace', base: null, timestamp: false },
    journal((line) => lines.push(line)),
  );
  log.child({ component: 'x' }).warn('a');
  log.error('b');
  log.info('c');
  log.debug('d');
  log.fatal('e');
  t.same(
    lines.map((line) => line.slice(0, 4)),
    ['<4>{', '<3>{', '<6>{', '<7>{', '<2>{'],
  );
});
