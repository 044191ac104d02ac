import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Calculation, type SourceUpdate } from '../src/calc/index.ts';
import { newResource } from '../src/model/index.ts';
import { openKernel } from '../src/netlink/index.ts';
import { ip, median, pause, Talker, usageOfFamily } from './process.ts';
import { serviceAddress } from './service-address.ts';
import { startVrouter } from './vrouter.ts';

/**
 * Local Services of a node, announced to BIRD: how long until all are there, what a change of one costs, and how long after
 * the API server's event one is withdrawn. All is seen where BIRD puts its routes: in the kernel of its namespace.
 *
 *     node bench/services.ts [SERVICES] [CHANGES]        as root; works in network namespaces of its own
 */
const count = Number(process.argv[2] ?? 10_000);
const changes = Number(process.argv[3] ?? 200);
const [NODE, TOR] = [`vsb-node-${process.pid}`, `vsb-tor-${process.pid}`];
const [NODE_IP, TOR_IP] = ['192.0.2.1', '192.0.2.9'];
const PATIENCE = 120_000;

const now = (): number => performance.timeOrigin + performance.now();
const folder = mkdtempSync(join(tmpdir(), 'vsb-'));
const ends: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];

function percentile(values: readonly number[], share: number): number {
  return [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))];
}

/** Milliseconds of one change in the calculation, 1,000 times after 300 that do not count. */
function calculated(): readonly number[] {
  const put = (resource: SourceUpdate['resource']): SourceUpdate => ({
    key: { kind: resource!.kind, name: resource!.metadata.name, namespace: resource!.metadata.namespace },
    resource,
  });
  const slice = (at: number, readyNodes: string[]): SourceUpdate =>
    put(
      newResource(
        'KubernetesEndpointSlice',
        { name: `s${at}-1`, namespace: 'default' },
        { service: `s${at}`, addresses: ['10.244.0.9'], ports: [], readyNodes },
      ),
    );
  const service = (at: number): SourceUpdate => {
    const spec = { type: 'ClusterIP', clusterIPs: [serviceAddress(at)], externalIPs: [], loadBalancerIPs: [] };
    const more = { ipFamilies: ['IPv4'], externalTrafficPolicy: 'Local' };
    return put(newResource('KubernetesService', { name: `s${at}`, namespace: 'default' }, { ...spec, ...more }));
  };
  const calculation = new Calculation({ nodename: 'n1' });
  calculation.apply([
    put(newResource('Node', { name: 'n1' }, { bgp: { ipv4Address: `${NODE_IP}/24` } })),
    put(newResource('BGPConfiguration', { name: 'default' }, { serviceClusterIPs: [{ cidr: '10.96.0.0/12' }] })),
  ]);
  for (let at = 0; at < count; at++) calculation.apply([service(at), slice(at, ['n1'])]);
  calculation.desired();
  const took: number[] = [];
  for (let turn = 0; turn < 1300; turn++) {
    const update = slice((turn * 7919) % count, turn % 2 === 0 ? ['n2'] : ['n1']);
    const began = performance.now();
    calculation.apply([update]);
    calculation.desired();
    took.push(performance.now() - began);
  }
  return took.slice(300);
}

try {
  for (const name of [NODE, TOR]) {
    ip('netns', 'add', name);
    ends.push(() => ip('netns', 'delete', name));
  }
  ip('link', 'add', 'eth0', 'netns', NODE, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', TOR);
  for (const [name, address] of [
    [NODE, NODE_IP],
    [TOR, TOR_IP],
  ]) {
    ip('-n', name, 'addr', 'add', `${address}/24`, 'dev', 'eth0');
    for (const device of ['lo', 'eth0']) ip('-n', name, 'link', 'set', device, 'up');
  }
  const config = join(folder, 'bird.conf');
  writeFileSync(
    config,
    `router id ${TOR_IP};
protocol device {}
protocol kernel { ipv4 { import none; export all; }; }
protocol bgp n1 {
  local ${TOR_IP} port 179 as 65001;
  neighbor ${NODE_IP} port 179 as 64512;
  connect delay time 1;
  error wait time 1, 2;
  ipv4 { import all; export none; };
}
`,
  );
  const bird = spawn('ip', ['netns', 'exec', TOR, 'bird', '-f', '-c', config, '-s', join(folder, 'bird.ctl')]);
  ends.push(() => bird.kill());
  const server = new Talker(NODE, [process.execPath, 'bench/services-server.ts', NODE_IP, String(count), TOR_IP]);
  ends.push(() => process.kill(server.pid));
  const url = await server.next();
  const env = { DATASTORE_TYPE: 'kubernetes', K8S_API_ENDPOINT: url, CALICO_IPV4POOL_CIDR: 'none' };
  const daemon = startVrouter({ namespace: NODE, directory: folder, node: 'n1', ip: `${NODE_IP}/24`, env });
  ends.push(() => daemon.kill());

  const kernel = await openKernel({ namespace: `/run/netns/${TOR}` });
  const there = new Set<string>();
  let seen = (): void => {};
  const monitor = await kernel.monitor((event) => {
    if (event.kind !== 'route' || !event.route.destination.endsWith('/32')) return;
    if (event.change === 'new') there.add(event.route.destination);
    else there.delete(event.route.destination);
    seen();
  });
  ends.push(
    () => kernel.close(),
    () => monitor.stop(),
  );
  const until = async (what: string, isSo: () => boolean): Promise<number> => {
    const end = now() + PATIENCE;
    while (!isSo()) {
      if (now() > end) throw new Error(`in vain: ${what}`);
      await new Promise<void>((resolve) => {
        seen = resolve;
        void pause(1000).then(resolve);
      });
    }
    return now();
  };
  const tell = async (line: string): Promise<number> => {
    server.say(line);
    return Number(await server.next());
  };

  const birdc = (): string =>
    execFileSync('birdc', ['-s', join(folder, 'bird.ctl'), 'show', 'protocols'], { encoding: 'utf8' });
  while (!/n1 .*Established/.test(birdc())) await pause(200);
  await pause(2000);
  const configured = await tell('configure');
  const announced = (await until('all are announced', () => there.size >= count)) - configured;
  await pause(3000);
  const before = usageOfFamily(daemon.pid!).cpuSeconds;
  const [gone, back]: [number[], number[]] = [[], []];
  for (let turn = 0; turn < changes; turn++) {
    const at = (turn * 7919) % count;
    const cidr = `${serviceAddress(at)}/32`;
    const ended = await tell(`end ${at}`);
    gone.push((await until(`${cidr} is withdrawn`, () => !there.has(cidr))) - ended);
    const returned = await tell(`back ${at}`);
    back.push((await until(`${cidr} is announced`, () => there.has(cidr))) - returned);
  }
  const cpu = ((usageOfFamily(daemon.pid!).cpuSeconds - before) / (2 * changes)) * 1000;
  const words = (values: readonly number[], digits: number): string =>
    [median(values), percentile(values, 0.99), Math.max(...values)].map((value) => value.toFixed(digits)).join(' / ');
  process.stdout.write(
    `${count} Services with externalTrafficPolicy: Local, each with its endpoint on the node; BIRD 2 as its router\n` +
      `all announced, from the event of BGPConfiguration to BIRD's last kernel route: ${announced.toFixed(0)} ms\n` +
      `${changes} endpoints that end and come back, from the API server's event to BIRD's kernel, ms (median / p99 / most):\n` +
      `  withdrawn  ${words(gone, 1)}\n  announced  ${words(back, 1)}\n` +
      `the daemon's processor for one change: ${cpu.toFixed(1)} ms; of that in the calculation, ms: ${words(calculated(), 3)}\n`,
  );
} finally {
  for (const end of ends.reverse()) {
    try {
      end();
    } catch {
      // It has ended already.
    }
  }
}
