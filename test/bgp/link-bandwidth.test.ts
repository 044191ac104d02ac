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
