import { existsSync, readFileSync } from 'node:fs';
import t from 'tap';
import { cniResultSchema } from '../../src/control/answers.ts';
import { request } from '../../src/control/index.ts';
import { needsRoot } from '../fakes/namespaces.ts';
import { Cluster } from './kubernetes-cluster.ts';

t.setTimeout(240_000);

const PAGES = { FELIX_PROMETHEUSMETRICSENABLED: 'true', FELIX_PROMETHEUSMETRICSHOST: '127.0.0.1' };
const NODES = ['node1', 'node2'] as const;

for (const engine of ['kubernetes', 'etcdv3'] as const) {
  t.test(`a daemon that is killed while ${engine} is away goes on with what was known`, needsRoot, async (t) => {
    const cluster = await Cluster.start(t, engine, { VROUTER_BGP_RESTART_TIME: '60', ...PAGES });
    const addresses: Record<string, string> = {};
    for (const name of NODES) {
      const pod = await cluster.pod(name, `web-${name}`);
      const { ips } = await request(cluster.socket(name), { op: 'cni.add', request: pod }, cniResultSchema);
      addresses[name] = ips[0].address;
    }
    const blocks: Record<string, string> = {};
    for (const name of NODES) {
      await cluster.until(`${name} knows its block`, async () => (await cluster.status(name)).blocks.length === 1);
      blocks[name] = (await cluster.status(name)).blocks[0].cidr;
    }
    const routed = (): boolean =>
      cluster.routes('node1').includes(blocks['node2']) && cluster.routes('node2').includes(blocks['node1']);
    await cluster.until('each has the route of the other', async () => routed());
    const pod = `${addresses['node2'].replace('/32', '')} dev cali`;
    await cluster.until(
      'the snapshot knows of the pod',
      async () =>
        existsSync(cluster.snapshot('node2')) &&
        readFileSync(cluster.snapshot('node2'), 'utf8').includes(`"ipNetworks":["${addresses['node2']}"]`),
    );

    const watched = NODES.map((name) => cluster.watchRoutes(name));
    await cluster.takeAway();
    await cluster.kill('node2');
    cluster.launch('node2');
    // The daemon that lives on.
    await cluster.until('node1 has noticed', async () => !(await cluster.status('node1')).ready);
    const { problems } = await cluster.status('node1');
    t.match(
      problems.filter((problem) => problem.includes('datastore')),
      [/^the datastore does not answer, last heard of \d+ s ago: .*What is known is kept; nothing new is learned$/],
      'one outage is one sentence',
    );
    t.match(cluster.page('node1', 9099, '/readyz'), { status: 503, text: /not ready\nthe datastore does not answer/ });
    t.match(cluster.page('node1', 9091, '/metrics').text, '\nvrouter_ready 0\n');
    t.equal(cluster.page('node1', 9099, '/healthz').status, 200, 'it lives, and is not to be started anew');
    const early = await cluster.pod('node1', 'early');
    const tooEarly = request(cluster.socket('node1'), { op: 'cni.add', request: early }, cniResultSchema);
    await t.rejects(tooEarly, { code: 'UNAVAILABLE', cniCode: 11 }, 'the runtime is told to come again');
    await cluster.until(
      'the new daemon speaks with its neighbour',
      async () => (await cluster.status('node2')).bgp?.peers[0]?.state === 'up',
    );
    await cluster.until(
      'and has told it all',
      async () => (await cluster.status('node1')).bgp?.peers[0]?.received === 1,
    );
    const away = await cluster.status('node2');
    t.equal(away.ready, false);
    t.ok(away.datastore.lastEventAgeSeconds > 0, 'it has not been heard of since the start');
    t.match(away.problems.join('\n'), /the datastore can't be reached: .*; going on with what was known at 20/);
    t.equal(away.blocks[0].cidr, blocks['node2']);
    t.ok(routed());
    t.match(cluster.routes('node2'), pod);
    const refused = request(cluster.socket('node2'), { op: 'cni.status' }, cniResultSchema);
    await t.rejects(refused, { code: 'NOT_READY', cniCode: 11 }, 'pods have to wait');

    await cluster.bringBack();
    await cluster.until('it is ready', async () => (await cluster.status('node2')).ready);
    await cluster.until('and so is the other', async () => (await cluster.status('node1')).ready);
    t.match(cluster.page('node1', 9091, '/metrics').text, '\nvrouter_ready 1\n');
    t.equal(cluster.page('node1', 9099, '/readyz').status, 200);
    await t.resolves(request(cluster.socket('node1'), { op: 'cni.add', request: early }, cniResultSchema));
    t.ok(routed());
    const lines = (await Promise.all(watched.map(({ end }) => end()))).flat();
    const lost = lines.filter(
      (line) => line.startsWith('Deleted') && [...Object.values(blocks), pod].some((one) => line.includes(one)),
    );
    t.same(lost, [], 'the kernel never lost a route');
    const next = await cluster.pod('node2', 'next');
    await t.resolves(request(cluster.socket('node2'), { op: 'cni.add', request: next }, cniResultSchema));
  });
}
