import type { Filter, OriginValidity } from 'bgp-speaker-ts';
import t from 'tap';
import { formatPrefix } from '../../src/base/index.ts';
import { Network, type Node } from './speaker-network.ts';

const [A, B] = ['10.0.0.1', '10.0.0.2'];
const [OURS, THEIRS, SIX] = ['192.168.0.0/24', '192.168.1.0/24', '2001:db8:1::/48'];

const importFilter: Filter = {
  name: 'rpki',
  rules: [{ name: 'invalid', match: { originValidity: 'invalid' }, action: 'reject' }],
  default: 'accept',
};

/** `b` hears of `a`; what it is to think of origins is in `judged`, by prefix and AS. */
async function meeting(
  filter: Filter | undefined,
  asn = 65001,
): Promise<{ network: Network; a: Node; b: Node; judged: Map<string, OriginValidity> }> {
  const network = new Network();
  const judged = new Map<string, OriginValidity>();
  const families = ['ipv4-unicast', 'ipv6-unicast'] as const;
  const a = await network.node(A, asn, [{ address: B, remoteAs: 65002, families }]);
  const peer = { address: A, remoteAs: asn, families, ...(filter && { importFilter: filter }) };
  const b = await network.node(B, 65002, [peer], {
    originValidity: (prefix, origin) => judged.get(`${formatPrefix(prefix)} ${origin}`) ?? 'not-found',
  });
  a.speaker.originate([{ prefix: OURS }, { prefix: THEIRS }, { prefix: SIX, nextHop: '2001:db8::1' }]);
  network.run(5);
  return { network, a, b, judged };
}

t.test('a filter refuses what is invalid, and is asked again when that changes', async (t) => {
  const { network, b, judged } = await meeting(importFilter);
  t.equal(b.best.size, 3);
  judged.set(`${THEIRS} 65001`, 'invalid');
  judged.set(`${SIX} 65001`, 'invalid');
  judged.set(`${OURS} 65001`, 'valid');
  b.speaker.originsChanged();
  network.run(1);
  t.same([...b.best.keys()], [OURS]);
  t.match(b.speaker.explain(OURS).paths, [{ best: true, originValidity: 'valid' }]);
  t.match(b.speaker.explain(THEIRS).paths, [
    { best: false, originValidity: 'invalid', reason: "filter rpki: rule 'invalid' says reject" },
  ]);
  judged.clear();
  b.speaker.originsChanged();
  network.run(1);
  t.equal(b.best.size, 3);
  t.match(b.speaker.explain(SIX).paths, [{ originValidity: 'not-found' }]);
});

t.test('without a filter that asks, validity is told and decides nothing', async (t) => {
  const { network, b, judged } = await meeting(undefined);
  judged.set(`${THEIRS} 65001`, 'invalid');
  const before = b.changes;
  b.speaker.originsChanged();
  network.run(1);
  t.equal(b.changes, before);
  t.match(b.speaker.explain(THEIRS).paths, [{ best: true, originValidity: 'invalid' }]);
  b.speaker.originate([{ prefix: '192.168.2.0/24' }]);
  network.run(1);
  t.equal(b.speaker.explain('192.168.2.0/24').paths[0].originValidity, undefined, 'our own are not judged');
});

t.test('a path without an AS is from our own', async (t) => {
  const { b, judged } = await meeting(undefined, 65002);
  judged.set(`${OURS} 65002`, 'valid');
  t.match(b.speaker.explain(OURS).paths, [{ originValidity: 'valid' }]);
});
