import t from 'tap';
import type { SessionState } from '../../../src/bgp/api.ts';
import type { Negotiated } from '../../../src/bgp/contract.ts';
import { dominant, onKeepalive, onOpen } from '../../../src/bgp/session/collision.ts';
import { decayed, idleHold, penalised, UNDAMPED } from '../../../src/bgp/session/damping.ts';
import type { LossCause } from '../../../src/bgp/session/effects.ts';
import { retained } from '../../../src/bgp/session/graceful-restart.ts';
import { hardReset, notification } from '../../../src/bgp/wire/index.ts';

const STATES: readonly SessionState[] = ['Idle', 'Connect', 'Active', 'OpenSent', 'OpenConfirm', 'Established'];

t.test('the higher identifier dominates, as an unsigned number; then the higher AS number', async (t) => {
  t.equal(dominant({ routerId: 0xc0000001, asn: 1 }, { routerId: 0x0a000001, asn: 2 }), 'self');
  t.equal(dominant({ routerId: 1, asn: 1 }, { routerId: 2, asn: 1 }), 'peer');
  t.equal(dominant({ routerId: 1, asn: 70000 }, { routerId: 1, asn: 65000 }), 'self');
});

t.test('collisions: an OPEN, by the state of the other connection', async (t) => {
  const won = STATES.map((state) => onOpen('self', state, 'self'));
  const lost = STATES.map((state) => onOpen('self', state, 'peer'));
  const end = 'go, end the other';
  t.same(won, [end, end, end, 'go', end, 'end this']);
  t.same(lost, [end, end, end, 'go', 'end this', 'end this']);
});

t.test('collisions: the KEEPALIVE that would finish, by the state of the other connection', async (t) => {
  const end = 'go, end the other';
  t.same(
    STATES.map((state) => onKeepalive('peer', state, 'peer', false)),
    [end, end, end, end, end, 'end this'],
  );
  t.same(
    STATES.map((state) => onKeepalive('peer', state, 'self', false)),
    [end, end, end, 'wait', 'wait', 'end this'],
  );
  t.same(
    STATES.map((state) => onKeepalive('peer', state, 'self', true)),
    [end, end, end, end, end, 'end this'],
  );
});

t.test('damping: the first error is free, waits double up to a minute, jitter shortens them', async (t) => {
  const waits: number[] = [];
  let damping = UNDAMPED;
  for (let error = 0; error < 10; error++) {
    damping = penalised(damping);
    waits.push(idleHold(damping, () => 0) / 1000);
  }
  t.same(waits, [0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
  t.ok(idleHold(damping, () => 0.999) > 45_000 && idleHold(damping, () => 0.999) < 45_100);
});

t.test('damping: coming up forgives nothing, staying up does', async (t) => {
  const bad = { level: 6 };
  t.ok(idleHold(penalised(decayed(bad, 10)), () => 0) > 30_000);
  t.ok(idleHold(penalised(decayed(bad, 60_000)), () => 0) <= 4000);
  t.same(decayed(bad, 600_000), UNDAMPED);
});

t.test('graceful restart: what outlives a session, by the cause of its end and the N bit', async (t) => {
  const session = (bothNotify: boolean): Negotiated =>
    ({
      gracefulRestart: {
        restartTime: 120,
        restarting: false,
        notification: bothNotify,
        families: [{ family: 'ipv4-unicast', forwarding: true }],
      },
    }) as unknown as Negotiated;
  const cease = notification(6, 4);
  const causes: readonly (readonly [string, LossCause, boolean, boolean])[] = [
    ['TCP is lost', { kind: 'lost' }, true, true],
    ['the hold timer expires', { kind: 'hold' }, false, true],
    ['we send a NOTIFICATION', { kind: 'sent', notification: cease }, false, true],
    ['we receive one', { kind: 'received', notification: cease }, false, true],
    ['we send a Hard Reset', { kind: 'sent', notification: hardReset(cease) }, false, false],
    ['we receive a Hard Reset', { kind: 'received', notification: hardReset(cease) }, false, false],
    ['we stop', { kind: 'stopped' }, false, false],
  ];
  t.same([...new Set(causes.map(([, { kind }]) => kind))].sort(), ['hold', 'lost', 'received', 'sent', 'stopped']);
  for (const [name, cause, without, withBoth] of causes) {
    t.equal(retained(session(false), cause).length > 0, without, `${name}, without N bits`);
    t.equal(retained(session(true), cause).length > 0, withBoth, `${name}, with N bits`);
  }
  t.same(retained({} as Negotiated, { kind: 'lost' }), []);
});
