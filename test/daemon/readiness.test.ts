import t from 'tap';
import { few } from '../../src/base/index.ts';
import { type BgpFacts, bgpUnready, PATIENCE, sessionsDown } from '../../src/daemon/readiness.ts';
import type { PeerReport } from '../../src/routing/index.ts';

function peers(...states: readonly string[]): readonly PeerReport[] {
  return states.map((state, index) => ({ status: { state, address: `10.0.0.${index + 1}` } }) as PeerReport);
}

const FACTS: BgpFacts = {
  wanted: true,
  desired: {} as BgpFacts['desired'],
  peers: peers('Established', 'Established'),
  listening: [],
  restarting: false,
  age: PATIENCE,
};

/** What the node is like, whether it is ready, and what is said if not. */
const STATES: readonly (readonly [what: string, facts: Partial<BgpFacts>, says: RegExp | undefined])[] = [
  ['all peers are up', {}, undefined],
  ['there are no peers', { peers: [] }, undefined],
  ['there are no peers yet', { peers: [], age: 0 }, undefined],
  ['its only peer is down', { peers: peers('Active') }, /^BGP not established with 10\.0\.0\.1/],
  ['all peers are down', { peers: peers('Active', 'Connect') }, /^BGP not established with 10\.0\.0\.1, 10\.0\.0\.2/],
  ['one of its peers is up', { peers: peers('Active', 'Established') }, undefined],
  ['one of its peers is not up yet', { peers: peers('Active', 'Established'), age: PATIENCE - 1 }, /10\.0\.0\.1:/],
  ['a restart is under way', { restarting: true, age: 1000 }, /graceful restart is under way/],
  ['a restart takes too long', { restarting: true }, undefined],
  ['its port is taken', { listening: ['BGP: 0.0.0.0 port 179 is taken by bird (pid 7)'] }, /^BGP: .*bird/],
  ['it has no address', { desired: undefined }, /no address; set IP/],
  ['it is to speak no BGP', { wanted: false, desired: undefined, peers: peers('Active') }, undefined],
];
for (const [what, facts, says] of STATES) {
  t.test(`a node is ${says === undefined ? 'ready' : 'not ready'} when ${what}`, async (t) => {
    const reasons = bgpUnready({ ...FACTS, ...facts });
    t.equal(reasons.length, says === undefined ? 0 : 1);
    if (says !== undefined) t.match(reasons[0], says);
  });
}

t.test('of many names the first are told, and how many there are', async (t) => {
  t.equal(few(['a', 'b', 'c'], 2), 'a, b and 1 more');
  t.equal(few(['a', 'b'], 2), 'a, b');
});

t.test('a session that is down stays a problem of a node that is ready without it', async (t) => {
  const facts = { ...FACTS, peers: peers('Established', 'Active'), age: PATIENCE };
  t.same(bgpUnready(facts), []);
  const [told, ...more] = sessionsDown(facts.peers);
  t.match(told, /^BGP not established with 10\.0\.0\.2:/);
  t.same(more, []);
  t.same(bgpUnready({ ...facts, age: 0 }), [told], 'in the same words as while it waited, so that it is one problem');
  t.same(sessionsDown(FACTS.peers), []);
});
