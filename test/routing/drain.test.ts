import t from 'tap';
import { Entries } from '../../src/base/index.ts';
import type { DesiredFilter, DesiredPeer } from '../../src/calc/desired/index.ts';
import { Peers } from '../../src/routing/peers.ts';

const PEER: DesiredPeer = {
  ...{ address: '10.0.0.9', port: 179, asn: 65001, type: 'global', name: 'tor', filters: ['f'], nextHop: 'auto' },
};
const FILTER: DesiredFilter = {
  name: 'f',
  lists: {
    ...{ importV4: [], exportV6: [], importV6: [] },
    exportV4: [
      { name: 'no', match: { prefix: { cidr: '10.1.0.0/16', operator: 'in' } }, action: 'reject' },
      { name: 'yes', match: {}, action: 'accept', set: { addCommunities: ['1:2'], localPref: 200 } },
    ],
  },
  problems: [],
};

function told() {
  const peers = new Peers({ holdTime: 90, connectRetryTime: 30, restartTime: 120 });
  const rules = { peers: Entries.of([['10.0.0.9 179', PEER]]), filters: new Map([['f', FILTER]]), communities: [] };
  return { peers, first: peers.take(rules, []).changed[0], rules };
}

t.test('drained, a peer hears of the same routes as the last choice, whatever its filters set', async (t) => {
  const { peers, first } = told();
  const [drained] = peers.drain(true);
  t.same(
    drained.exportFilter?.rules.map(({ name, match, action }) => ({ name, match, action })),
    first.exportFilter?.rules.map(({ name, match, action }) => ({ name, match, action })),
  );
  t.equal(drained.exportFilter?.default, 'reject');
  for (const { action, set } of drained.exportFilter?.rules ?? []) {
    if (action === 'reject') t.equal(set, undefined);
    else t.match(set, { localPref: 0, addCommunities: /graceful-shutdown/ });
  }
  t.match(drained.exportFilter?.rules[1].set?.addCommunities, ['1:2', 'graceful-shutdown']);
  t.same(drained.importFilter, first.importFilter);
});

t.test('undone, it hears of them as ever; the same twice is told once', async (t) => {
  const { peers, first, rules } = told();
  t.equal(peers.drain(true).length, 1);
  t.same(peers.drain(true), []);
  t.same(peers.drain(false), [first]);
  t.same(peers.take(rules, []).changed, []);
});

t.test('a peer that comes while the node is drained hears so from the first', async (t) => {
  const peers = new Peers({ holdTime: 90, connectRetryTime: 30, restartTime: 120 });
  t.same(peers.drain(true), []);
  const { rules } = told();
  t.match(peers.take(rules, []).changed[0].exportFilter?.rules[1].set, { localPref: 0 });
});
