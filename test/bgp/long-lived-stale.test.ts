import type { PeerConfig } from 'bgp-speaker-ts';
import t from 'tap';
import { Network } from './speaker-network.ts';

const [A, B, C, D] = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4'];
const PREFIX = '192.168.0.0/24';
const STALE = '65535:6';

const patient = (address: string, remoteAs: number): PeerConfig => ({
  address,
  remoteAs,
  gracefulRestart: { time: 10 },
  longLivedStaleTime: 3600,
});

t.test(
  'routes of who is long away are passed on as such, to peers that know of it (RFC 9494 §4.2, §4.3)',
  async (t) => {
    const network = new Network();
    const a = await network.node(A, 1, [patient(B, 2)]);
    await network.node(B, 2, [patient(A, 1), patient(C, 3), { address: D, remoteAs: 4 }]);
    const c = await network.node(C, 3, [patient(B, 2)]);
    const d = await network.node(D, 4, [{ address: B, remoteAs: 2 }]);
    a.speaker.originate([{ prefix: PREFIX }]);
    network.run(5);
    await a.speaker.stop('restart');
    network.run(9);
    t.match(c.speaker.explain(PREFIX).paths, [{ communities: [] }], 'not yet');
    t.equal(d.routes.length, 1);

    network.run(5);
    t.match(c.speaker.explain(PREFIX).paths, [{ best: true, communities: [STALE] }]);
    t.same(d.routes, [], 'who does not know of it is told nothing');

    const again = await network.node(A, 1, [patient(B, 2)]);
    again.speaker.originate([{ prefix: PREFIX }]);
    network.run(60);
    t.match(c.speaker.explain(PREFIX).paths, [{ best: true, communities: [] }]);
    t.equal(d.routes.length, 1);
  },
);

t.test('a route that somebody else calls long-lived stale is the last choice here too', async (t) => {
  const network = new Network();
  const a = await network.node(A, 2, [patient(B, 2)]);
  const b = await network.node(B, 2, [
    patient(A, 2),
    patient(C, 2),
    { address: D, remoteAs: 4 },
    patient('10.0.0.5', 5),
  ]);
  const c = await network.node(C, 2, [patient(B, 2)]);
  const d = await network.node(D, 4, [{ address: B, remoteAs: 2 }]);
  const e = await network.node('10.0.0.5', 5, [patient(B, 2)]);
  a.speaker.originate([{ prefix: PREFIX, localPref: 500, communities: ['llgr-stale'] }]);
  network.run(5);
  t.same(b.routes, [`${PREFIX} via ${A}`], 'better than none');
  t.match(e.speaker.explain(PREFIX).paths, [{ communities: [STALE] }], 'and said once');
  t.same(d.routes, []);
  c.speaker.originate([{ prefix: PREFIX }]);
  network.run(5);
  t.same(b.routes, [`${PREFIX} via ${C}`]);
  t.match(b.speaker.explain(PREFIX).paths, [{ peer: C }, { peer: A, reason: 'lost on being long-lived stale' }]);
  t.equal(d.routes.length, 1);
});
