import type { Filter, Origination } from 'bgp-speaker-ts';
import t from 'tap';
import { Network, type Node } from './speaker-network.ts';

const [A, B, C, D] = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4'];
const PREFIX = '192.168.0.0/24';
const leaving: Origination = { prefix: PREFIX, communities: ['graceful-shutdown'] };

/** `c` hears of one prefix from `a`, which is on its way out, and from `b`, both external; `d` is a peer of its own AS. */
async function meeting(importFilter?: Filter): Promise<{ network: Network; a: Node; b: Node; c: Node; d: Node }> {
  const network = new Network();
  const a = await network.node(A, 1, [{ address: C, remoteAs: 3 }]);
  const b = await network.node(B, 2, [{ address: C, remoteAs: 3 }]);
  const c = await network.node(C, 3, [
    { address: A, remoteAs: 1, ...(importFilter && { importFilter }) },
    { address: B, remoteAs: 2 },
    { address: D, remoteAs: 3 },
  ]);
  const d = await network.node(D, 3, [{ address: C, remoteAs: 3 }]);
  a.speaker.originate([leaving]);
  network.run(5);
  return { network, a, b, c, d };
}

t.test(
  'a route of an external peer on its way out is the last choice, and a choice as long as there is no other',
  async (t) => {
    const { network, a, b, c, d } = await meeting();
    t.same(c.routes, [`${PREFIX} via ${A}`]);
    t.match(c.speaker.explain(PREFIX).paths, [{ localPref: 0, communities: ['65535:0'] }]);
    t.match(d.speaker.explain(PREFIX).paths, [{ localPref: 0 }], 'which the AS hears of');
    b.speaker.originate([{ prefix: PREFIX }]);
    network.run(5);
    t.same(c.routes, [`${PREFIX} via ${B}`]);
    t.match(c.speaker.explain(PREFIX).paths, [{ peer: B }, { peer: A, reason: 'lost on LOCAL_PREF' }]);
    a.speaker.originate([{ prefix: PREFIX }]);
    network.run(5);
    t.same(c.routes, [`${PREFIX} via ${A},${B}`], 'that it stays after all is heard too');
  },
);

t.test('a filter that sets a preference has the last word', async (t) => {
  const set = { localPref: 300 };
  const { c } = await meeting({ name: 'f', rules: [{ match: {}, action: 'accept', set }], default: 'reject' });
  t.match(c.speaker.explain(PREFIX).paths, [{ localPref: 300 }]);
});

t.test('inside the AS the preference says it, not the community', async (t) => {
  const { network, c, d } = await meeting();
  d.speaker.originate([{ prefix: '192.168.9.0/24', communities: ['graceful-shutdown'], localPref: 50 }]);
  network.run(5);
  t.match(c.speaker.explain('192.168.9.0/24').paths, [{ peer: D, localPref: 50, communities: ['65535:0'] }]);
});
