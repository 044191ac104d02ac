import t from 'tap';
import type { PeerConfig } from '../../../src/bgp/api.ts';
import type { LocalSpeaker } from '../../../src/bgp/session/local-speaker.ts';
import { negotiate } from '../../../src/bgp/session/negotiate.ts';
import { offerTo } from '../../../src/bgp/session/offer.ts';
import { type Capability, decodeOpen, type Open } from '../../../src/bgp/wire/index.ts';

const ENDS = { localAddress: '10.0.0.1', peerAddress: '10.0.0.2' };
const LEFT: LocalSpeaker = { asn: 65001, routerId: 1 };
const RIGHT: LocalSpeaker = { asn: 65002, routerId: 2 };
const CONFIG: PeerConfig = { address: '10.0.0.2', remoteAs: 65002 };
const MIRROR: PeerConfig = { address: '10.0.0.1', remoteAs: 65001 };

/** What the left side makes of the right side's OPEN, which goes over the wire. */
function meet(config: Partial<PeerConfig> = {}, mirror: Partial<PeerConfig> = {}, left = LEFT, right = RIGHT) {
  const { bytes } = offerTo({ ...MIRROR, remoteAs: left.asn, ...mirror }, right);
  const theirs = decodeOpen(bytes, 0, bytes.length);
  if (theirs.kind !== 'open') throw new Error(theirs.reason);
  const own = { ...CONFIG, remoteAs: right.asn, ...config };
  return negotiate(offerTo(own, left), theirs, own, ENDS);
}

function agreed(...of: Parameters<typeof meet>) {
  const result = meet(...of);
  if (result.kind !== 'agreed') throw new Error(result.reason);
  return result.negotiated;
}

/** An OPEN of some other implementation. */
function meetStranger(
  capabilities: readonly Capability[],
  fields: Partial<Open> = {},
  config: Partial<PeerConfig> = {},
) {
  const theirs: Open = { kind: 'open', asn: 65002, holdTime: 90, routerId: 2, capabilities, ...fields };
  const own = { ...CONFIG, ...config };
  return negotiate(offerTo(own, LEFT), theirs, own, ENDS);
}

t.test('two speakers of this library agree on everything they both have', async (t) => {
  t.match(agreed(), {
    peerAs: 65002,
    localAs: 65001,
    ibgp: false,
    peerRouterId: 2,
    localRouterId: 1,
    holdTime: 90,
    keepaliveTime: 30,
    families: ['ipv4-unicast'],
    fourOctetAs: true,
    extendedMessages: true,
    routeRefresh: true,
    enhancedRouteRefresh: true,
    addPathSend: [],
    addPathReceive: [],
    extendedNextHop: [],
    ...ENDS,
  });
});

t.test('hold time: the smaller; a third of it between KEEPALIVEs at most', async (t) => {
  t.match(agreed({ holdTime: 30 }), { holdTime: 30, keepaliveTime: 10 });
  t.match(agreed({}, { holdTime: 9 }), { holdTime: 9, keepaliveTime: 3 });
  t.match(agreed({ keepaliveTime: 5 }), { holdTime: 90, keepaliveTime: 5 });
  t.match(agreed({ keepaliveTime: 80 }), { holdTime: 90, keepaliveTime: 30 });
  t.match(agreed({ keepaliveTime: 0.001 }), { holdTime: 90, keepaliveTime: 1 }, 'not more often than once a second');
  t.match(agreed({ holdTime: 0 }), { holdTime: 0, keepaliveTime: 0 });
});

t.test('AS numbers: the configured one or none; local-as takes the place of our own', async (t) => {
  t.match(meet({ remoteAs: 65009 }), { kind: 'refused', notification: { code: 2, subcode: 2 } });
  t.match(agreed({ localAs: 4_200_000_000 }), { localAs: 4_200_000_000, ibgp: false });
  t.equal(agreed({ localAs: 65002 }).ibgp, true);
});

t.test('identifiers (RFC 6286): equal ones are refused within an AS only', async (t) => {
  const twin = { ...RIGHT, routerId: 1 };
  t.equal(agreed({}, {}, LEFT, twin).peerRouterId, 1);
  t.match(meet({}, {}, LEFT, { ...twin, asn: 65001 }), {
    kind: 'refused',
    notification: { code: 2, subcode: 3 },
    reason: 'the peer has our own BGP identifier',
  });
});

t.test('families: what both name; none named means IPv4; none in common is refused with what we wanted', async (t) => {
  const both = { families: ['ipv4-unicast', 'ipv6-unicast'] as const };
  t.same(agreed(both, both).families, ['ipv4-unicast', 'ipv6-unicast']);
  t.same(agreed(both, {}).families, ['ipv4-unicast']);
  t.match(meetStranger([]), { negotiated: { families: ['ipv4-unicast'], fourOctetAs: false, routeRefresh: false } });
  const refused = meetStranger([], {}, { families: ['ipv6-unicast'] });
  t.match(refused, { kind: 'refused', notification: { code: 2, subcode: 7 } });
  t.same(refused.kind === 'refused' && Buffer.from(refused.notification.data).toString('hex'), '010400020001');
  t.equal(meetStranger([{ kind: 'multiprotocol', afi: 25, safi: 65 }]).kind, 'refused');
});

t.test('ADD-PATH: one must send and the other receive', async (t) => {
  const table = [
    ['both', 'both', true, true],
    ['send', 'both', true, false],
    ['send', 'send', false, false],
    ['receive', 'send', false, true],
    ['both', 'none', false, false],
  ] as const;
  for (const [ours, theirs, sends, receives] of table) {
    const { addPathSend, addPathReceive } = agreed({ addPath: ours }, { addPath: theirs });
    t.same([addPathSend.length > 0, addPathReceive.length > 0], [sends, receives], `${ours} with ${theirs}`);
  }
});

t.test('IPv4 over IPv6 next hops is offered on IPv6 sessions', async (t) => {
  const families = ['ipv4-unicast', 'ipv6-unicast'] as const;
  const six = { families, address: 'fe80::2%eth0' };
  t.same(agreed(six, { ...six, address: 'fe80::1%eth0' }).extendedNextHop, ['ipv4-unicast']);
  t.same(agreed({ families }, { families }).extendedNextHop, []);
});

t.test('graceful restart: the peer asks to be helped; a helper asks nothing', async (t) => {
  t.match(agreed().gracefulRestart, { restartTime: 0, restarting: false, notification: false, families: [] });
  const offer = { gracefulNotification: true };
  t.ok(agreed(offer, offer).gracefulRestart?.notification);
  t.notOk(agreed(offer).gracefulRestart?.notification, 'both must offer it');
  t.match(agreed({}, { gracefulRestart: { time: 120 } }).gracefulRestart, {
    restartTime: 120,
    restarting: false,
    families: [{ family: 'ipv4-unicast', forwarding: false }],
  });
  const back = { ...RIGHT, restarted: { forwarding: ['ipv4-unicast'] as const } };
  const { gracefulRestart, longLived } = agreed(
    {},
    { gracefulRestart: { time: 5000 }, longLivedStaleTime: 86_400 },
    LEFT,
    back,
  );
  t.match(gracefulRestart, {
    restartTime: 4095,
    restarting: true,
    families: [{ family: 'ipv4-unicast', forwarding: true }],
  });
  t.same(longLived, [{ family: 'ipv4-unicast', staleTime: 86_400, forwarding: true }]);
  t.match(meetStranger([]), { negotiated: { gracefulRestart: undefined } });
});

t.test('families that were not negotiated are no part of graceful restart', async (t) => {
  const families = ['ipv4-unicast', 'ipv6-unicast'] as const;
  const restart = agreed({}, { families, gracefulRestart: { time: 60 } }).gracefulRestart;
  t.same(restart?.families, [{ family: 'ipv4-unicast', forwarding: false }]);
});

t.test('roles (RFC 9234): only counterparts meet', async (t) => {
  const pairs = [
    ['provider', 'customer', true],
    ['customer', 'provider', true],
    ['rs', 'rs-client', true],
    ['rs-client', 'rs', true],
    ['peer', 'peer', true],
    ['peer', 'customer', false],
    ['provider', 'provider', false],
  ] as const;
  for (const [ours, theirs, fits] of pairs) {
    const result = meet({ role: ours }, { role: theirs });
    t.equal(result.kind, fits ? 'agreed' : 'refused', `${ours} and ${theirs}`);
    if (result.kind === 'refused') t.match(result.notification, { code: 2, subcode: 11 });
  }
  t.equal(agreed({ role: 'customer' }).role, 3, 'a peer without a role is fine');
  t.match(meet({ role: 'customer', strictRole: true }), { kind: 'refused', reason: 'the peer names no role' });
  const several = [0, 3].map((role): Capability => ({ kind: 'role', role }));
  t.match(meetStranger(several), { kind: 'refused', notification: { subcode: 11 } });
  t.equal(agreed({ role: 'peer', remoteAs: 65001 }, {}, LEFT, { ...RIGHT, asn: 65001 }).role, undefined);
});
