import t from 'tap';
import type { Lab } from '../../src/lab/index.ts';
import { cluster, patch, put, vrouter } from './cluster.ts';
import { needsRouters, startBird, startFrr } from './routers.ts';

const address = (lab: Lab, name: string): string => lab.node(name).address.split('/')[0];

/** FRR whose neighbours are of its own AS or another's, with what each is told besides. */
const frr = (
  asn: number,
  own: string,
  neighbours: Readonly<Record<string, number>>,
  each: string,
): string => `router bgp ${asn}
 bgp router-id ${own}
 no bgp ebgp-requires-policy
 no bgp network import-check
 bgp bestpath as-path multipath-relax
 timers bgp 3 9
${Object.entries(neighbours)
  .map(([neighbour, remote]) => ` neighbor ${neighbour} remote-as ${remote}\n neighbor ${neighbour} timers connect 1`)
  .join('\n')}
 address-family ipv4 unicast
  maximum-paths 8
  maximum-paths ibgp 8
${Object.keys(neighbours)
  .flatMap((neighbour) => each.split('\n').map((line) => `  neighbor ${neighbour} ${line}`))
  .join('\n')}
 exit-address-family
`;

/** A network on both nodes, as a rack's, that a filter lets out. */
const [SHARED, FILTER] = ['192.168.77.0/24', 'rack'];

async function share(lab: Lab, ...nodes: readonly string[]): Promise<void> {
  const spec = { exportV4: [{ action: 'Accept', matchOperator: 'In', cidr: '192.168.0.0/16' }] };
  await put(lab, 'BGPFilter', FILTER, spec);
  for (const [at, name] of nodes.entries()) {
    await lab.exec(name, ['ip', 'link', 'add', 'rack0', 'type', 'bridge']);
    await lab.exec(name, ['ip', 'address', 'add', `192.168.77.${at + 1}/24`, 'dev', 'rack0']);
    await lab.exec(name, ['ip', 'link', 'set', 'rack0', 'up']);
  }
}

/** The next hops of the shared network in a kernel, and their weights. */
async function ways(lab: Lab, name: string): Promise<string> {
  const { stdout } = await lab.exec(name, ['ip', 'route', 'show', SHARED]);
  return [...stdout.matchAll(/via (\S+)(?: dev \S+)?(?: weight (\d+))?/g)]
    .map(([, via, weight = '1']) => `${via} ${weight}`)
    .sort()
    .join(', ');
}

t.test('a prefix of two nodes has both as next hops behind reflectors', needsRouters, async (t) => {
  const lab = await cluster(t, { nodes: 3 });
  const [reflector, bird, other] = [await lab.addHost(), await lab.addHost(), await lab.addHost()];
  const [one, two, three] = lab.nodes.map(({ name }) => address(lab, name));
  const at = address(lab, reflector.name);
  await share(lab, 'node2', 'node3');
  const both = [two, three]
    .map((via) => `${via} 1`)
    .sort()
    .join(', ');

  await t.test('FRR reflects: its clients are told of all, and tell it of all', async (t) => {
    await put(lab, 'BGPConfiguration', 'default', { nodeToNodeMeshEnabled: false });
    const clients = { [one]: 64512, [two]: 64512, [three]: 64512 };
    const router = startFrr(
      t,
      lab,
      reflector.namespace,
      frr(64512, at, clients, 'route-reflector-client\naddpath-tx-all-paths'),
    );
    await put(lab, 'BGPPeer', 'frr', { peerIP: at, asNumber: 64512, filters: [FILTER] });
    await lab.until('both next hops', async () => (await ways(lab, 'node1')) === both);
    const said = await router.ask(`show bgp neighbors ${one}`);
    for (const way of ['RX', 'TX']) t.match(said, new RegExp(`IPv4 Unicast: ${way} advertised and received`));
    t.match(await vrouter(lab, 'node1', 'bgp', 'route', SHARED), /2 paths/);
    await lab.exec('node3', ['ip', 'link', 'set', 'rack0', 'down']);
    await lab.until('the one that is left', async () => (await ways(lab, 'node1')) === `${two} 1`);
    await lab.exec('node3', ['ip', 'link', 'set', 'rack0', 'up']);
    await lab.until('both again', async () => (await ways(lab, 'node1')) === both);
    await lab.calicoctl('node1', ['delete', 'bgppeer', 'frr']);
    await lab.until('no way', async () => (await ways(lab, 'node1')) === '');
  });

  await t.test('vRouter reflects, to a node, to FRR and to BIRD', async (t) => {
    const spec = { bgp: { routeReflectorClusterID: '244.0.0.1' } };
    await patch(lab, 'node', 'node1', { metadata: { labels: { reflector: 'yes' } }, spec });
    await put(lab, 'BGPPeer', 'reflectors', {
      nodeSelector: 'all()',
      peerSelector: 'has(reflector)',
      filters: [FILTER],
    });
    for (const host of [bird, other]) {
      const peerIP = address(lab, host.name);
      await put(lab, 'BGPPeer', host.name, { node: 'node1', peerIP, asNumber: 64512, filters: [FILTER] });
    }
    await lab.until('both next hops at the reflector', async () => (await ways(lab, 'node1')) === both);
    const [ofBird, ofFrr] = [bird, other].map(({ name }) => address(lab, name));
    startFrr(t, lab, other.namespace, frr(64512, ofFrr, { [one]: 64512 }, 'addpath-tx-all-paths'));
    const birdConfig = `router id ${ofBird};
protocol device {}
protocol kernel { merge paths on; ipv4 { import none; export all; }; }
protocol bgp node1 {
  local ${ofBird} as 64512;
  neighbor ${one} as 64512;
  direct;
  connect delay time 1;
  ipv4 { import all; export none; add paths on; };
}
`;
    startBird(t, lab, bird.namespace, birdConfig);
    for (const { name } of [bird, other])
      await lab.until(`both at ${name}`, async () => (await ways(lab, name)) === both);
    const third = await lab.addNode();
    await lab.until('both at a node', async () => (await ways(lab, third.name)) === both);
  });
});

t.test('links have bandwidths: FRR weighs nodes by them, and a node weighs FRR’s', needsRouters, async (t) => {
  const lab = await cluster(t, { nodes: 2 });
  const [tor, left, right] = [await lab.addHost(), await lab.addHost(), await lab.addHost()];
  const [one, two] = lab.nodes.map(({ name }) => address(lab, name));
  const at = address(lab, tor.name);
  await share(lab, 'node1', 'node2');

  await t.test('what the BGPPeers say', async (t) => {
    const router = startFrr(
      t,
      lab,
      tor.namespace,
      frr(65001, at, { [one]: 64512, [two]: 64512 }, 'soft-reconfiguration inbound'),
    );
    const spec = { peerIP: at, asNumber: 65001, filters: [FILTER] };
    await put(lab, 'BGPPeer', 'tor1', { ...spec, node: 'node1' }, { linkBandwidth: '10G' });
    await put(lab, 'BGPPeer', 'tor2', { ...spec, node: 'node2' });
    await lab.until(
      'both, alike, while one says nothing',
      async () =>
        (await ways(lab, tor.name)) ===
        [one, two]
          .map((via) => `${via} 1`)
          .sort()
          .join(', '),
    );
    await put(lab, 'BGPPeer', 'tor2', { ...spec, node: 'node2' }, { linkBandwidth: '2500M' });
    const shares = async (): Promise<number> => {
      const weights = new Map((await ways(lab, tor.name)).split(', ').map((way) => way.split(' ') as [string, string]));
      return Number(weights.get(one)) / Number(weights.get(two));
    };
    await lab.until('four times as much for the faster link', async () => Math.abs((await shares()) - 4) < 0.2);
    t.match(await router.ask(`show bgp ipv4 unicast ${SHARED}`), /LB:64512:1250000000 \(10\.000 Gbps\)/);
  });

  await t.test('what routers say', async (t) => {
    const network = '10.99.0.0/24';
    const nodes = { [one]: 64512 };
    for (const [host, bandwidth] of [
      [left, 1000],
      [right, 4000],
    ] as const) {
      const own = address(lab, host.name);
      const text = frr(65001, own, nodes, 'route-map told out').replace(
        '  maximum-paths 8',
        `  network ${network}\n  maximum-paths 8`,
      );
      startFrr(t, lab, host.namespace, `${text}route-map told permit 10\n set extcommunity bandwidth ${bandwidth}\n`);
      await put(lab, 'BGPPeer', host.name, { node: 'node1', peerIP: own, asNumber: 65001 });
    }
    const weighed = async (): Promise<string> =>
      (await lab.exec('node1', ['ip', 'route', 'show', network])).stdout.replaceAll(/\s+/g, ' ');
    const way = (host: { readonly name: string }, weight: number) =>
      new RegExp(`via ${address(lab, host.name)} dev eth0 weight ${weight} `);
    await lab.until('weights in our kernel', async () => way(right, 100).test(await weighed()));
    t.match(await weighed(), way(left, 25));
  });
});
