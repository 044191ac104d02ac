import t from 'tap';
import { blocksOf, cluster, hasRoute, patch, podsOf, put, untilNoRoute, vrouter } from './cluster.ts';
import { needsRouters, startBird } from './routers.ts';

const TIMES = 'connect delay time 1; error wait time 1, 2;';

t.test('what external routers are told, and what of them is believed', needsRouters, async (t) => {
  const lab = await cluster(t, { nodes: 1, pods: 1 });
  const [left, right] = [await lab.addHost(), await lab.addHost()];
  const [ofLeft, ofRight, node] = [left, right, lab.node('node1')].map(({ address }) => address.split('/')[0]);
  const [block] = await blocksOf(lab, 'node1');
  const network = '10.78.0.0/24';
  const config = (own: string, asn: number, routes: string): string => `router id ${own};
protocol device {}
protocol static { ipv4; ${routes} }
protocol bgp node1 {
  local ${own} as ${asn};
  neighbor ${node} as 64512;
  ${TIMES}
  ipv4 { import all; export where source = RTS_STATIC; };
}
`;
  const one = startBird(t, lab, left.namespace, config(ofLeft, 65010, `route ${network} blackhole;`));
  const other = startBird(t, lab, right.namespace, config(ofRight, 3000, ''));
  const everything = [{ action: 'Accept' }];
  await put(lab, 'BGPFilter', 'everything', { exportV4: everything, importV4: everything });
  const isUp = async (address: string): Promise<boolean> =>
    ((await lab.status('node1')).bgp?.peers ?? []).some((peer) => peer.address === address && peer.state === 'up');

  await t.test(
    'with ebgpRequiresPolicy one without filters gets and gives nothing, though its session is up',
    async (t) => {
      await put(lab, 'BGPConfiguration', 'default', {}, { ebgpRequiresPolicy: 'true' });
      await put(lab, 'BGPPeer', 'left', { peerIP: ofLeft, asNumber: 65010 });
      await lab.until('the session', () => isUp(ofLeft));
      await lab.until('the route to be refused', async () =>
        /10\.78\.0\.0\/24.*ebgpRequiresPolicy/s.test(
          await vrouter(lab, 'node1', 'bgp', 'neighbor', ofLeft, 'filtered'),
        ),
      );
      t.notOk(await hasRoute(lab, 'node1', network));
      t.notMatch(await one.ask('show route protocol node1'), block);
      await put(lab, 'BGPPeer', 'left', { peerIP: ofLeft, asNumber: 65010, filters: ['everything'] });
      await lab.until('the route', () => hasRoute(lab, 'node1', network));
      await lab.until('our block', async () => (await one.ask('show route protocol node1')).includes(block));
      await put(lab, 'BGPPeer', 'left', { peerIP: ofLeft, asNumber: 65010 });
      await untilNoRoute(lab, 'node1', [network]);
      await put(lab, 'BGPConfiguration', 'default', {}, { ebgpRequiresPolicy: 'false' });
      await lab.until('the route again', () => hasRoute(lab, 'node1', network));
    },
  );

  await t.test('with removePrivateAS a router hears of no private AS behind us', async (t) => {
    const spec = { peerIP: ofRight, asNumber: 3000, filters: ['everything'] };
    const path = async (): Promise<string | undefined> =>
      /BGP\.as_path: (.*)/.exec(await other.ask(`show route ${network} all`))?.[1];
    await put(lab, 'BGPPeer', 'right', spec);
    await lab.until('the route', async () => (await path()) !== undefined);
    t.equal(await path(), '64512 65010');
    await put(lab, 'BGPPeer', 'right', spec, { removePrivateAS: 'true' });
    await lab.until('the path without it', async () => (await path()) === '64512');
  });
});

t.test(
  'racks of an AS each behind a ToR: with keepOriginalNextHop packets go to the node itself',
  needsRouters,
  async (t) => {
    const lab = await cluster(t, { nodes: 3 });
    await lab.addPods(1);
    const tor = await lab.addHost();
    // Of one rack are node1, which speaks with the ToR, and node3; of the other one node2.
    const [border, far, inner, at] = [...lab.nodes, tor].map(({ address }) => address.split('/')[0]);
    const [behind] = await blocksOf(lab, 'node3');
    const [target] = podsOf(lab, 'node3');
    const [source] = podsOf(lab, 'node2');
    const sessions = Object.entries({ [border]: 65101, [far]: 65102 }).map(
      ([address, asn], index) => `protocol bgp rack${index} {
  local ${at} as 65001;
  neighbor ${address} as ${asn};
  ${TIMES}
  ipv4 { import all; export all; next hop keep; };
}`,
    );
    startBird(t, lab, tor.namespace, `router id ${at};\nprotocol device {}\n${sessions.join('\n')}\n`);
    await put(lab, 'BGPConfiguration', 'default', { nodeToNodeMeshEnabled: false });
    for (const [name, asNumber] of Object.entries({ node1: 65101, node2: 65102, node3: 65101 }))
      await patch(lab, 'node', name, { spec: { bgp: { asNumber } } });
    await put(lab, 'BGPPeer', 'inside', { node: 'node1', peerIP: inner, asNumber: 65101 });
    await put(lab, 'BGPPeer', 'within', { node: 'node3', peerIP: border, asNumber: 65101 });
    await put(lab, 'BGPPeer', 'far', { node: 'node2', peerIP: at, asNumber: 65001 });
    const spec = { node: 'node1', peerIP: at, asNumber: 65001 };
    await put(lab, 'BGPPeer', 'border', spec);
    const goesBy = async (node: string): Promise<boolean> =>
      (await lab.exec('node2', ['ip', 'route', 'show', behind])).stdout.startsWith(`${behind} via ${node} dev eth0 `);
    const talk = async (): Promise<number | undefined> => lab.ping(source, target.address!.split('/')[0]);
    /** Packets that the border has forwarded. */
    const forwarded = async (): Promise<number> => {
      const { stdout } = await lab.exec('node1', ['cat', '/proc/net/snmp']);
      const [names, values] = stdout.split('\n').filter((line) => line.startsWith('Ip:'));
      return Number(values.split(' ')[names.split(' ').indexOf('ForwDatagrams')]);
    };

    await lab.until('the way by the border', () => goesBy(border));
    await lab.until('pods to talk', async () => (await talk()) !== undefined);
    t.ok((await forwarded()) > 0, 'packets go by the border');

    await put(lab, 'BGPPeer', 'border', { ...spec, keepOriginalNextHop: true });
    await lab.until('the way to the node itself', () => goesBy(inner));
    t.match(
      await vrouter(lab, 'node2', 'bgp', 'route', behind),
      new RegExp(`from ${at}, next hop ${inner}[\\s\\S]*AS path 65001 65101`),
    );
    const before = await forwarded();
    t.type(await talk(), 'number');
    t.equal(await forwarded(), before, 'none goes by the border');
  },
);
