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
    prefixes: { received: 0, accepted: 0, largest: 0, advertised: 0 },
    messages: { received: 0, sent: 0, updatesReceived: 0, updatesSent: 0 },
    malformed: {
      ...{ discard: 0, withdraw: 5, reset: 0 },
      last: { at: 0, action: 'withdraw', reason: 'ORIGIN: undefined value 7' },
      withdrawn: { count, prefixes },
    },
    flaps: 0,
  };
}

t.test('what a peer says of the cluster’s own prefixes is named, with the setting that lets it', async (t) => {
  const one = { ...status(0, []), guarded: { count: 2, prefixes: ['10.244.5.0/26', '10.96.0.1/32'] } };
  t.match(peerProblems([{ status: one, desired: { name: 'tor' } }]), [
    /^BGP peer 10\.0\.0\.2 announces 2 routes inside .* own pools or services, .*: 10\.244\.5\.0\/26, 10\.96\.0\.1\/32\. .*BGPPeer tor .*acceptOwnPrefixes=true$/,
  ]);
});

t.test(
  'a peer near its limit of prefixes is named: from three quarters of it, or from what the BGPPeer says',
  async (t) => {
    const of = (largest: number, desired: object) => {
      const one = status(0, []);
      return peerProblems([
        { status: { ...one, prefixes: { ...one.prefixes, largest } }, desired: { name: 'tor', ...desired } },
      ]);
    };
    t.same(of(1000, {}), [], 'without a limit');
    t.same(of(74, { maxPrefixes: 100 }), []);
    t.match(of(75, { maxPrefixes: 100 }), [
      /^BGP peer 10\.0\.0\.2 announces 75 of at most 100 prefixes; .*BGPPeer tor/,
    ]);
    t.same(of(94, { maxPrefixes: 100, maxPrefixesWarning: 95 }), []);
    t.match(of(95, { maxPrefixes: 100, maxPrefixesWarning: 95 }), [/95 of at most 100/]);
  },
);

t.test('routes that are left out for what the peer got wrong are a problem, with what to do', async (t) => {
  t.same(peerProblems([{ status: status(0, []) }]), [], 'what was wrong once, and is not now, is none');
  t.match(peerProblems([{ status: status(1, ['10.1.0.0/24']) }]), [
    /^BGP peer 10\.0\.0\.2: a route left out.*: 10\.1\.0\.0\/24 \(ORIGIN: undefined value 7\)\. Mend what the peer sends/,
  ]);
  t.match(peerProblems([{ status: status(12, ['10.1.0.0/24', '10.2.0.0/24']) }]), [/12 routes.*10\.2\.0\.0\/24, … \(/]);
});
