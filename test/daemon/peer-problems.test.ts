import type { PeerStatus } from 'bgp-speaker-ts';
import t from 'tap';
import { peerProblems } from '../../src/daemon/peer-problems.ts';

function status(count: number, prefixes: readonly string[]): PeerStatus {
  return {
    name: '10.0.0.2',
    address: '10.0.0.2',
    remoteAs: 65001,
    state: 'Established',
    since: 0,
    prefixes: { received: 0, accepted: 0, advertised: 0 },
    messages: { received: 0, sent: 0, updatesReceived: 0, updatesSent: 0 },
    malformed: {
      ...{ discard: 0, withdraw: 5, reset: 0 },
      last: { at: 0, action: 'withdraw', reason: 'ORIGIN: undefined value 7' },
      withdrawn: { count, prefixes },
    },
    flaps: 0,
  };
}

t.test('routes that are left out for what the peer got wrong are a problem, with what to do', async (t) => {
  t.same(peerProblems([{ status: status(0, []) }]), [], 'what was wrong once, and is not now, is none');
  t.match(peerProblems([{ status: status(1, ['10.1.0.0/24']) }]), [
    /^BGP peer 10\.0\.0\.2: a route left out.*: 10\.1\.0\.0\/24 \(ORIGIN: undefined value 7\)\. Mend what the peer sends/,
  ]);
  t.match(peerProblems([{ status: status(12, ['10.1.0.0/24', '10.2.0.0/24']) }]), [/12 routes.*10\.2\.0\.0\/24, … \(/]);
});
