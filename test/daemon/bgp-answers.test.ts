import type { Speaker } from 'bgp-speaker-ts';
import t from 'tap';
import { formatPrefix } from '../../src/base/index.ts';
import { BgpAnswers } from '../../src/daemon/bgp-answers.ts';
import type { SessionChange } from '../../src/daemon/session-history.ts';

const HOUR = 3600_000;

function answers(
  explained: readonly string[],
  changes: readonly SessionChange[] = [],
  byVxlan: readonly string[] = [],
) {
  const path = { peer: 'p', best: true, nextHop: '10.0.0.2', localPref: 100, asPath: [], origin: 'igp', med: 0 };
  const more = { communities: [], extendedCommunities: [], largeCommunities: [], stale: false } as const;
  return new BgpAnswers({
    queries: () => ({ nodename: 'n1', desired: () => ({ bgp: { asn: 64512, routerId: '10.0.0.1' } }) as never }),
    routing: {
      peers: () =>
        [
          {
            desired: { type: 'node-to-node mesh', name: 'n2' },
            status: {
              name: 'p',
              address: '10.0.0.2',
              remoteAs: 64512,
              state: 'Active',
              reason: 'refused',
              since: 1,
              prefixes: { received: 0, accepted: 0, advertised: 0 },
              messages: { received: 0, sent: 0, updatesReceived: 0, updatesSent: 0 },
              flaps: 2,
            },
          },
        ] as never,
      speaker: {
        explain: (prefix) => ({
          paths: explained.includes(prefix) ? [{ ...path, ...more, origin: 'igp' }] : [],
          announcements: [],
        }),
        routesOf: () => ({ total: 0, routes: [] }),
      } as Pick<Speaker, 'explain' | 'routesOf'> as Speaker,
    },
    sessions: { changesOf: () => changes },
    kernelRoutes: () => [],
    isLedWithoutBgp: (prefix) => byVxlan.includes(formatPrefix(prefix)),
  });
}

t.test('an address is answered with the longest prefix that covers it, a prefix with itself alone', (t) => {
  const of = answers(['10.1.0.0/16', '10.1.2.0/26', '0.0.0.0/0', '2001:db8::/64']);
  t.equal(of.route('10.1.2.3').prefix, '10.1.2.0/26');
  t.equal(of.route('10.1.9.9').prefix, '10.1.0.0/16');
  t.equal(of.route('192.0.2.1').prefix, '0.0.0.0/0');
  t.equal(of.route('2001:db8::7').prefix, '2001:db8::/64');
  t.equal(of.route('10.1.2.0/26').prefix, '10.1.2.0/26');
  t.equal(of.route('10.1.2.0/27').prefix, undefined);
  for (const wrong of ['', 'x', '10.1.2', '10.1.2.3/33', '::g']) t.throws(() => of.route(wrong), { code: 'PARSE' });
  t.end();
});

t.test('what VXLAN leads to is found too, though BGP says nothing, and before a shorter prefix that BGP knows', (t) => {
  const of = answers(['0.0.0.0/0'], [], ['10.1.2.0/26']);
  t.match(of.route('10.1.2.3'), { prefix: '10.1.2.0/26', paths: [] });
  t.match(of.route('10.1.2.0/26'), { prefix: '10.1.2.0/26', paths: [] });
  t.match(of.route('10.1.3.3'), { prefix: '0.0.0.0/0', paths: { length: 1 } });
  t.end();
});

t.test('a neighbour that is not known is refused with the names of those that are', (t) => {
  t.throws(() => answers([]).routes('10.9.9.9', 'received', 10), { code: 'NO_PEER', message: /there are p$/ });
  t.same(answers([]).routes('p', 'received', 10), { total: 0, routes: [] });
  t.end();
});

t.test('the history of a session counts how often a day it ended for the same reason', (t) => {
  const down = (at: number, reason: string) => ({ at, isUp: false, reason });
  const changes = [
    down(0, 'hold timer expired'),
    down(20 * HOUR, 'hold timer expired'),
    { at: 21 * HOUR, isUp: true, reason: '' },
    down(22 * HOUR, 'closed'),
    down(30 * HOUR, 'hold timer expired'),
  ];
  t.match(answers([], changes).peers().peers[0], {
    session: 'Active',
    reason: 'refused',
    localAs: 64512,
    history: [
      { at: 30 * HOUR, isUp: false, times: 2 },
      { reason: 'closed', times: 1 },
      { isUp: true },
      { at: 20 * HOUR, times: 2 },
      { at: 0, times: 1 },
    ],
  });
  t.end();
});
