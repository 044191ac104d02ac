import t from 'tap';
import { Network, type Node } from './speaker-network.ts';

const [US, ...THEM] = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4'];
const PREFIX = '192.168.0.0/24';

/** A Link Bandwidth community of octets a second, as its eight octets; `type` 0x40: not transitive. */
function bandwidth(octets: number, type = '40'): string {
  const bits = new Uint32Array(Float32Array.of(octets).buffer)[0];
  return `0x${type}04fde8${bits.toString(16).padStart(8, '0')}`;
}

/** We, and peers of our AS that all announce one prefix, each with these communities; the set of its next hops. */
async function meeting(...communities: readonly (readonly string[])[]) {
  const network = new Network();
  const us = await network.node(
    US,
    1,
    THEM.map((address) => ({ address, remoteAs: 1 })),
  );
  let set: { readonly addresses: readonly string[]; readonly weights?: readonly number[] } | undefined;
  us.speaker.onBest(({ count, nextHops, nextHopSets }) => {
    for (let at = 0; at < count; at++) set = nextHopSets[nextHops[at]];
  });
  const nodes: Node[] = [];
  for (const [at, list] of communities.entries()) {
    const node = await network.node(THEM[at], 1, [{ address: US, remoteAs: 1 }]);
    node.speaker.originate([{ prefix: PREFIX, communities: list }]);
    nodes.push(node);
  }
  network.run(5);
  return { network, nodes, set: () => set };
}

t.test('next hops share by the bandwidths of their links', async (t) => {
  const { set } = await meeting([bandwidth(1.25e9)], [bandwidth(1.25e8)], [bandwidth(3.125e8)]);
  t.same(set(), { addresses: THEM, localPref: 100, weights: [100, 10, 25] });
});

t.test('a change of bandwidth is a change of shares', async (t) => {
  const { network, nodes, set } = await meeting([bandwidth(1e9)], [bandwidth(5e8)]);
  t.same(set()?.weights, [100, 50]);
  nodes[0].speaker.originate([{ prefix: PREFIX, communities: [bandwidth(2.5e8)] }]);
  network.run(5);
  t.same(set()?.weights, [50, 100]);
});

t.test('without a bandwidth of each, or with the same, all have one share', async (t) => {
  for (const [name, ...said] of [
    ['one says none', [bandwidth(1e9)], []],
    ['both the same', [bandwidth(1e9)], [bandwidth(1e9)]],
    ['nothing', [bandwidth(0)], [bandwidth(1e9)]],
    ['no number', [bandwidth(Number.NaN)], [bandwidth(1e9)]],
    ['no end', [bandwidth(Number.POSITIVE_INFINITY)], [bandwidth(1e9)]],
    ['less than nothing', [bandwidth(-1)], [bandwidth(1e9)]],
    ['another community', ['0x4003fde84e6e6b28'], [bandwidth(1e9)]],
  ] as const)
    t.equal((await meeting(...said)).set()?.weights, undefined, name);
});

t.test('the slowest has a share too, and a transitive community counts as well', async (t) => {
  const { set } = await meeting([bandwidth(1e12)], [bandwidth(1, '00')]);
  t.same(set()?.weights, [100, 1]);
});

/** Us, and two of our AS or of others, each told of a link's bits a second to us; the routes of the first go by way of the second's. */
async function tellingOf(links: readonly number[], asns: readonly number[] = [1, 1]) {
  const network = new Network();
  const us = await network.node(
    US,
    1,
    links.map((_, at) => ({ address: THEM[at], remoteAs: asns[at] })),
  );
  let weights: readonly number[] | undefined;
  us.speaker.onBest(({ count, nextHops, nextHopSets }) => {
    for (let at = 0; at < count; at++) weights = nextHopSets[nextHops[at]].weights;
  });
  for (const [at, linkBandwidth] of links.entries()) {
    const node = await network.node(THEM[at], asns[at], [{ address: US, remoteAs: 1, linkBandwidth }]);
    node.speaker.originate([{ prefix: PREFIX, communities: [bandwidth(1), 'rt:1:1'] }]);
  }
  network.run(5);
  return { communities: us.speaker.explain(PREFIX).paths.map((path) => path.extendedCommunities), weights };
}

t.test('a peer is told of the bandwidth of the link to us, in place of what the route said', async (t) => {
  const { communities, weights } = await tellingOf([1e10, 2.5e9]);
  t.same(weights, [100, 25]);
  const said = (octets: number, type: string): readonly string[] => [
    'rt:1:1',
    bandwidth(octets, type).replace('fde8', '0001'),
  ];
  t.same(communities, [said(1.25e9, '40'), said(3.125e8, '40')], 'not transitive inside the AS');
  const external = await tellingOf([1e10, 2.5e9], [65000, 4_200_000_000]);
  t.same(external.weights, [100, 25]);
  t.match(
    external.communities.flat().filter((text) => text.startsWith('0x')),
    [/^0x0004fde8/, /^0x00045ba0/],
    'and else so',
  );
});

t.test('a next hop that is another’s keeps what was said of it', async (t) => {
  const network = new Network();
  const [from, through, to] = THEM;
  const origin = await network.node(from, 1, [{ address: through, remoteAs: 1 }]);
  const clients = [from, to].map((address) => ({
    ...{ address, remoteAs: 1, linkBandwidth: 1e10, routeReflector: { clusterId: '1.1.1.1' } },
  }));
  await network.node(through, 1, clients);
  const end = await network.node(to, 1, [{ address: through, remoteAs: 1 }]);
  origin.speaker.originate([{ prefix: PREFIX, communities: [bandwidth(1e6)] }]);
  network.run(5);
  t.match(end.speaker.explain(PREFIX).paths, [{ nextHop: from, extendedCommunities: [bandwidth(1e6)] }]);
});
