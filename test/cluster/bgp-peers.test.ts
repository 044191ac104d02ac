import t, { type Test } from 'tap';
import type { Lab } from '../../src/lab/index.ts';
import { cluster, hasRoute, podsOf } from './cluster.ts';
import { MAIN } from './program.ts';
import { needsRouters, startBird, startFrr } from './routers.ts';

/** A BIRD in a pod, which speaks to the node at the peering addresses. */
const inPod = (four: string, six: string): string => `router id 10.99.0.1;
protocol device {}
protocol static { ipv4; route 10.123.0.0/26 blackhole; }
protocol static { ipv6; route ca11::/96 blackhole; }
template bgp node { multihop; connect delay time 1; error wait time 1, 2; }
protocol bgp node4 from node {
  local ${four} as 65401;
  neighbor 169.254.0.179 as 64512;
  ipv4 { import all; export where source = RTS_STATIC; next hop self; };
}
protocol bgp node6 from node {
  local ${six} as 65401;
  neighbor fd12:3456:789a::1 as 64512;
  ipv6 { import all; export where source = RTS_STATIC; next hop self; };
}
`;

/** A top-of-rack router whose address is on its loopback, and which takes the node for one of AS 65010. */
const tor = (node: string): string => `router id 10.77.0.1;
protocol device {}
protocol static { ipv4; route 10.78.0.0/24 blackhole; route 10.244.200.0/26 blackhole; }
protocol static { ipv6; route fd78::/64 blackhole; route fd79::/64 blackhole; }
protocol bgp linked {
  local fe80::b as 65003;
  neighbor fe80::a%link0 as 64512;
  local role provider;
  connect delay time 1;
  ipv6 { import all; export where source = RTS_STATIC; };
}
protocol bgp node {
  local 10.77.0.1 as 65001;
  neighbor ${node} as 65010;
  multihop;
  connect delay time 1;
  ipv4 { import all; export where source = RTS_STATIC; };
}
`;

/** A router that peers on a link and knows no address of ours (RFC 8950). */
const UNNUMBERED = `router bgp 65002
 bgp router-id 10.88.0.1
 no bgp ebgp-requires-policy
 no bgp network import-check
 neighbor fab0 interface remote-as 64512
 neighbor fab0 timers connect 1
 address-family ipv4 unicast
  neighbor fab0 activate
  network 10.88.0.1/32
 exit-address-family
 address-family ipv6 unicast
  neighbor fab0 activate
  network fd88::/64
 exit-address-family
`;

/** A cable of its own between the node and another place, with link-local addresses given or made by the kernel. */
async function wire(lab: Lab, place: { name: string; namespace: string }, device: string, addresses: string[] = []) {
  const add = ['ip', 'link', 'add', device, 'type', 'veth', 'peer', 'name', device, 'netns', place.namespace];
  await lab.exec('node1', add);
  for (const [at, name] of ['node1', place.name].entries()) {
    const own = addresses[at];
    if (own) await lab.exec(name, ['ip', 'link', 'set', device, 'addrgenmode', 'none']);
    await lab.exec(name, ['ip', 'link', 'set', device, 'up']);
    if (own) await lab.exec(name, ['ip', 'address', 'add', own, 'dev', device, 'nodad']);
  }
}

async function create(
  t: Test,
  lab: Lab,
  kind: string,
  name: string,
  spec: object,
  said: Record<string, string> = {},
): Promise<void> {
  const annotations = Object.fromEntries(
    Object.entries(said).map(([field, text]) => [`vrouter.projectcalico.org/${field}`, text]),
  );
  const object = { apiVersion: 'projectcalico.org/v3', kind, metadata: { name, annotations }, spec };
  const { code, stderr } = await lab.calicoctl('node1', ['apply', '-f', '-'], JSON.stringify(object));
  t.equal(code, 0, stderr);
}

t.test('peers of every kind at one node', needsRouters, async (t) => {
  const lab = await cluster(t, { nodes: 1, pods: 1, dualStack: true });
  const host = await lab.addHost();
  const [node, at] = [lab.node('node1'), host].map(({ address }) => address.split('/')[0]);
  const [pod] = podsOf(lab, 'node1');
  const ip = (name: string, ...words: string[]) => lab.exec(name, ['ip', ...words]);
  await ip(host.name, 'address', 'add', '10.77.0.1/32', 'dev', 'lo');
  // A network of the node's that a filter lets out, and one that is ignored.
  for (const [name, address] of [
    ['rack0', '192.168.77.1/24'],
    ['dmz0', '192.168.78.1/24'],
  ]) {
    await ip('node1', 'link', 'add', name, 'type', 'bridge');
    await ip('node1', 'address', 'add', address, 'dev', name);
    await ip('node1', 'link', 'set', name, 'up');
  }
  await create(t, lab, 'BGPConfiguration', 'default', {
    localWorkloadPeeringIPV4: '169.254.0.179',
    localWorkloadPeeringIPV6: 'fd12:3456:789a::1',
    ignoredInterfaces: ['dmz*'],
  });
  await create(t, lab, 'BGPFilter', 'rack', {
    exportV4: [{ action: 'Accept', matchOperator: 'In', cidr: '192.168.0.0/16' }],
  });
  await create(t, lab, 'BGPFilter', 'no-routes-to-pods', {
    exportV4: [{ action: 'Reject' }],
    exportV6: [{ action: 'Reject' }],
  });
  const torPeer = { peerIP: '10.77.0.1', asNumber: 65001, reachableBy: at, localASNumber: 65010, filters: ['rack'] };
  await create(t, lab, 'BGPPeer', 'tor', torPeer);
  await create(t, lab, 'BGPPeer', 'pods', {
    localWorkloadSelector: 'all()',
    asNumber: 65401,
    filters: ['no-routes-to-pods'],
  });

  const linked = { peerIP: 'fe80::b%link0', asNumber: 65003 };
  await wire(lab, host, 'link0', ['fe80::a/64', 'fe80::b/64']);
  const leaf = await lab.addHost();
  await wire(lab, leaf, 'fab0');
  await ip(leaf.name, 'address', 'add', '10.88.0.1/32', 'dev', 'lo');
  await create(t, lab, 'BGPPeer', 'linked', linked, { role: 'customer', strictRole: 'true' });
  await create(t, lab, 'BGPPeer', 'unnumbered', { node: 'node1', asNumber: 65002 }, { interface: 'fab0' });
  const frr = startFrr(t, lab, leaf.namespace, UNNUMBERED);
  const torBird = startBird(t, lab, host.namespace, tor(node));
  const inside = startBird(t, lab, pod.namespace, inPod(`${pod.address}`, `${pod.address6}`));
  const peers = async () => (await lab.status('node1')).bgp?.peers ?? [];
  const isUp = async (address: string) => (await peers()).some((one) => one.address === address && one.state === 'up');

  await t.test('reachableBy leads to the peer, and localASNumber is who we are to it', async (t) => {
    await lab.until('the session with the router', () => isUp('10.77.0.1'));
    const way = (await lab.routes('node1')).find((line) => line.startsWith('10.77.0.1 '));
    t.match(way, new RegExp(`via ${at} dev eth0 proto 80`));
    await lab.until('the router’s route', () => hasRoute(lab, 'node1', '10.78.0.0/24'));
    await lab.until('our routes', async () => (await torBird.ask('show route')).includes('192.168.77.0/24'));
    const table = await torBird.ask('show route all');
    t.match(table, /BGP.as_path: 65010\n/, 'by our other AS alone');
    t.notMatch(table, '192.168.78.0', 'the network of an ignored interface');
    t.notMatch(table, '172.18.0.0', 'a network that no filter accepts');
  });

  await t.test('a pod is a peer at the peering address', async (t) => {
    await lab.until('the session with the pod', () => isUp(`${pod.address}`));
    t.match(
      (await peers()).find(({ address }) => address === pod.address),
      { type: 'local workload' },
    );
    await lab.until('the pod’s route', () => hasRoute(lab, 'node1', '10.123.0.0/26'));
    t.match(
      (await lab.routes('node1')).find((line) => line.startsWith('10.123.0.0/26')),
      new RegExp(`via ${pod.address} dev cali\\S+ proto 80`),
    );
    t.notMatch(await inside.ask('show route'), '192.168.', 'and gets nothing, as its filter says');
    // Who is behind the pod has an answer, by the way of the pod.
    await lab.exec('node1', ['ip', '-n', pod.namespace, 'address', 'add', '10.123.0.1/32', 'dev', 'lo']);
    t.type(await lab.ping({ namespace: node1Of(lab) }, '10.123.0.1'), 'number');
  });

  await t.test('link-local addresses, with the link that they are on', async (t) => {
    await lab.until('the session on the link', () => isUp('fe80::b%link0'));
    const six = async (prefix: string) => (await lab.routes('node1', 6)).find((line) => line.startsWith(prefix));
    await lab.until('the route over the link', async () => (await six('fd78::/64')) !== undefined);
    t.match(await six('fd78::/64'), /via fe80::b dev link0 proto 80/);
    await lab.until('our block', async () =>
      (await torBird.ask('show route protocol linked')).includes('fe80::a on link0'),
    );
  });

  await t.test('a router that tells of our own pools is not believed, and named', async (t) => {
    const told = async () => (await lab.status('node1')).problems?.find((one) => one.includes('own pools'));
    t.match(await told(), /^BGP peer 10\.77\.0\.1 announces a route inside .*: 10\.244\.200\.0\/26/);
    t.notOk(await hasRoute(lab, 'node1', '10.244.200.0/26'));
    await create(t, lab, 'BGPPeer', 'tor', torPeer, { acceptOwnPrefixes: 'true' });
    await lab.until('the route, which it may tell of now', () => hasRoute(lab, 'node1', '10.244.200.0/26'));
    t.equal(await told(), undefined);
  });

  await t.test('roles, and a limit of prefixes', async (t) => {
    const session = () => torBird.ask('show protocols all linked');
    t.match(await session(), /Neighbor capabilities[\s\S]*Role: customer/);
    const { stdout: received } = await lab.exec('node1', [process.execPath, MAIN, 'bgp', 'neighbor', 'fe80::b%link0']);
    t.match(received, /2 received/);
    await create(t, lab, 'BGPPeer', 'linked', linked, { role: 'customer', maxPrefixes: '1', maxPrefixesRestart: '1h' });
    await lab.until('BIRD to hear of the limit', async () =>
      /Maximum number of prefixes reached/.test(await session()),
    );
    const found = (await peers()).find(({ address }) => address === 'fe80::b%link0');
    t.match(found, { state: 'start' }, 'and it stays away');
  });

  await t.test('no addresses at all: FRR’s unnumbered peer, with IPv4 by way of IPv6', async (t) => {
    const { peers: found } = (await lab.status('node1')).bgp ?? { peers: [] };
    t.comment(JSON.stringify(found.map(({ address, state }) => [address, state])));
    const unnumbered = async () => (await peers()).find(({ address }) => address.endsWith('%fab0'));
    await lab.until('the session on the link', async () => (await unnumbered())?.state === 'up');
    await lab.until('FRR’s route', () => hasRoute(lab, 'node1', '10.88.0.1'));
    t.match(
      (await lab.routes('node1')).find((line) => line.startsWith('10.88.0.1 ')),
      /via inet6 fe80::\S+ dev fab0 proto 80/,
    );
    await lab.until('FRR to have our block', async () =>
      /10\.244\.\S+\/26[\s\S]*fab0/.test(await frr.ask('show ip route bgp')),
    );
    await lab.until(
      'the pod to reach an address behind it',
      async () => (await lab.ping(pod, '10.88.0.1')) !== undefined,
    );
    await lab.until('FRR’s route of IPv6', async () =>
      (await lab.routes('node1', 6)).some((line) => line.startsWith('fd88::/64 via fe80::')),
    );
  });

  await t.test('over IPv6 too, and without the BGPPeer neither session nor address is left', async (t) => {
    await lab.until('the session over IPv6', () => isUp(`${pod.address6}`));
    await lab.until('the pod’s route', async () =>
      (await lab.routes('node1', 6)).some((line) => line.startsWith('ca11::/96')),
    );
    const held = async () => (await ip('node1', 'address')).stdout;
    t.match(await held(), /169\.254\.0\.179\/32 scope host cali/);
    await lab.calicoctl('node1', ['delete', 'bgppeer', 'pods']);
    await lab.until('the addresses to go', async () => !/169\.254\.0\.179|fd12:3456/.test(await held()));
    await lab.until('the routes to go', async () => !(await hasRoute(lab, 'node1', '10.123.0.0/26')));
  });
});

function node1Of(lab: Lab): string {
  return lab.node('node1').namespace;
}
