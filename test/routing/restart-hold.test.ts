import type { AddressFamily, SpeakerEvent } from 'bgp-speaker-ts';
import t from 'tap';
import { silentLog, VirtualClock } from '../../src/base/index.ts';
import { RestartHold } from '../../src/routing/restart-hold.ts';

function held(families: readonly AddressFamily[] = []): {
  hold: RestartHold;
  clock: VirtualClock;
  released: () => number;
} {
  const clock = new VirtualClock();
  let count = 0;
  const hold = new RestartHold({ clock, log: silentLog, release: () => count++, families: () => families });
  hold.begin();
  return { hold, clock, released: () => count };
}

const up = (peer: string): SpeakerEvent => ({
  kind: 'state',
  peer,
  from: 'OpenConfirm',
  to: 'Established',
  reason: 'KEEPALIVE',
});
const done = (peer: string): SpeakerEvent => ({ kind: 'end-of-rib', peer, family: 'ipv4-unicast' });

t.test('the sweep waits for the End-of-RIB of every peer', async (t) => {
  const { hold, released } = held();
  hold.expect(['a', 'b']);
  hold.heard(done('a'));
  t.equal(released(), 0);
  hold.heard(done('b'));
  t.equal(released(), 1);
  t.notOk(hold.holding);
});

t.test('a session of two families owes two of them', async (t) => {
  const { hold, released } = held(['ipv4-unicast', 'ipv6-unicast']);
  hold.expect(['a']);
  hold.heard(up('a'));
  hold.heard(done('a'));
  t.equal(released(), 0, 'its IPv6 routes are still to come');
  hold.heard({ kind: 'end-of-rib', peer: 'a', family: 'ipv6-unicast' });
  t.equal(released(), 1);
});

t.test('a node without peers waits for nobody', async (t) => {
  const { hold, released } = held();
  hold.expect([]);
  t.equal(released(), 1);
});

t.test('a peer that does not come up is waited for twenty seconds', async (t) => {
  const { hold, clock, released } = held();
  hold.expect(['dead']);
  clock.advance(19_999);
  t.equal(released(), 0);
  clock.advance(1);
  t.equal(released(), 1);
});

t.test('a peer that is up and says nothing is waited for five seconds', async (t) => {
  const { hold, clock, released } = held();
  hold.expect(['mute']);
  hold.heard(up('mute'));
  clock.advance(4_999);
  t.equal(released(), 0);
  clock.advance(1);
  t.equal(released(), 1);
});

t.test('a peer that is no longer configured is no longer waited for', async (t) => {
  const { hold, released } = held();
  hold.expect(['a', 'gone']);
  hold.heard(done('a'));
  hold.expect(['a']);
  t.equal(released(), 1);
});

t.test('the sweep happens once', async (t) => {
  const { hold, clock, released } = held();
  hold.expect(['a']);
  hold.heard(done('a'));
  hold.heard(done('a'));
  hold.expect(['a', 'b']);
  clock.advance(60_000);
  t.equal(released(), 1);
});
