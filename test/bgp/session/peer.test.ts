import t from 'tap';
import { type Clock, VirtualClock } from '../../../src/base/index.ts';
import { MemoryNetwork } from '../../../src/bgp/transport/index.ts';
import { CEASE, ERROR, encodeRouteRefresh } from '../../../src/bgp/wire/index.ts';
import { established, pair, type Side } from './pair.ts';
import { ROUTE_UPDATE } from './recording-handler.ts';

const GRACEFUL = { config: { gracefulRestart: { time: 120 } } };

t.test('two peers come up, keep the session alive and say so', async (t) => {
  const { clock, a, b } = await established();
  t.equal(a.state, 'Established');
  clock.advance(3_600_000);
  t.equal(b.state, 'Established');
  const { status } = a.session;
  t.equal(status.flaps, 0);
  t.ok(status.since > Date.UTC(2026, 0, 1) && status.since < Date.UTC(2026, 0, 1) + 20);
  t.ok(status.capabilities.includes('fourOctetAs'));
  t.equal(status.routerId, 2);
  t.ok(status.messages.received >= 120 && status.messages.received <= 130, `${status.messages.received} messages`);
});

t.test('each change of state gives its own reason', async (t) => {
  const { clock, network, a, b } = await pair({}, { config: { passive: true } });
  const seen = (side: Side) =>
    side.events.splice(0).flatMap((event) => (event.kind === 'state' ? [`${event.to}: ${event.reason}`] : []));
  a.session.start();
  b.session.start();
  clock.advance(100);
  t.same(seen(a), [
    'Connect: dialling',
    'OpenSent: TCP connection is up, OPEN sent',
    'OpenConfirm: OPEN accepted',
    'Established: KEEPALIVE: established',
  ]);
  t.same(seen(b), [
    'Active: waiting for the peer to connect',
    'OpenSent: TCP connection is up, OPEN sent',
    'OpenConfirm: OPEN accepted',
    'Established: KEEPALIVE: established',
  ]);
  network.sever(a.address, b.address);
  t.same(seen(a), ['Idle: reset', 'Connect: dialling']);
  t.same(seen(b), ['Idle: reset', 'Active: waiting for the peer to connect']);
});

t.test('UPDATEs and ROUTE-REFRESHes reach the handler of the other side', async (t) => {
  const { clock, a, b } = await established();
  a.session.write(ROUTE_UPDATE);
  a.session.write(encodeRouteRefresh(1, 1, 'request'));
  a.session.write(encodeRouteRefresh(25, 65, 'request'));
  clock.advance(10);
  t.same(b.handler.calls, ['established', 'update +10.1.0.0/26', 'refresh ipv4-unicast request']);
  t.equal(a.session.status.messages.updatesSent, 1);
});

t.test('a KEEPALIVE is spared when an UPDATE went out instead', async (t) => {
  const { clock, a, b } = await established({ config: { holdTime: 9 } });
  const before = b.session.status.messages.received;
  for (let second = 0; second < 60; second++) {
    a.session.write(ROUTE_UPDATE);
    clock.advance(1000);
  }
  t.equal(b.session.status.messages.received - before, 60);
});

t.test('a peer that falls silent is dropped when its hold time is over, and found again', async (t) => {
  const { clock, network, a } = await established({ config: { holdTime: 3 } });
  network.silence('10.0.0.1', '10.0.0.2');
  clock.advance(2000);
  t.equal(a.state, 'Established');
  clock.advance(2000);
  t.same(a.handler.calls, ['established', 'closed: hold timer expired: nothing heard for 3 s']);
  t.same(a.notifications, ['sent 4/0']);
  network.silence('10.0.0.1', '10.0.0.2', false);
  clock.advance(20_000);
  t.equal(a.state, 'Established');
  t.equal(a.session.status.flaps, 1);
});

t.test('why a session was lost is told for as long as the peer is away, whatever happens meanwhile', async (t) => {
  const { clock, network, a, b } = await established({ config: { holdTime: 3 } });
  const expired = /hold timer expired: nothing heard for 3 s/;
  network.silence('10.0.0.1', '10.0.0.2');
  clock.advance(4000);
  t.equal(a.state, 'Connect', 'nobody answers');
  t.match(a.session.status.reason, expired);
  b.session.stop({ kind: 'restart' });
  network.silence('10.0.0.1', '10.0.0.2', false);
  const seen = new Set<string>();
  const silent = new Set<string>();
  for (let step = 0; step < 300; step++) {
    clock.advance(100);
    seen.add(a.state);
    if (!expired.test(a.session.status.reason ?? '')) silent.add(a.state);
  }
  t.ok(seen.has('Active'), 'B closes what A dials');
  t.same([...silent], []);
  a.session.stop({ kind: 'restart' });
  t.equal(a.state, 'Idle');
  t.match(a.session.status.reason, expired);
  a.session.start();
  b.session.start();
  clock.advance(60_000);
  t.equal(a.state, 'Established');
  t.equal(a.session.status.reason, undefined);
});

t.test('bytes that have arrived count before a hold timer that is late', async (t) => {
  const clock = new VirtualClock();
  // The event loop of A stands still: what B sends arrives right after the timers, before what is to run "soon".
  let standstill: number | undefined;
  const deliver = (channel: string, action: () => void): void => {
    const toA = channel.endsWith('10.0.0.2');
    clock.after(toA && standstill !== undefined ? standstill - clock.now() : 1, action);
  };
  const slow: Clock = {
    now: () => clock.now(),
    wallTime: () => clock.wallTime(),
    after: (delay, action) => clock.after(delay, action),
    soon: (action) => clock.after(20, action),
  };
  const options = { config: { holdTime: 3 } };
  const { a, b } = await pair(options, options, new MemoryNetwork({ clock, deliver }), clock, slow);
  a.session.start();
  b.session.start();
  clock.advance(10);
  const heard = a.session.status.messages.received;
  clock.advance(500);
  t.equal(a.session.status.messages.received, heard);
  // Established after 3 ms, so the hold timer is due at 3003 or a little later.
  standstill = 3010;
  clock.advance(2499);
  t.equal(a.session.status.messages.received, heard);
  clock.advance(100);
  t.equal(a.state, 'Established');
  t.same(a.handler.calls, ['established']);
});

t.test('with hold time 0 silence is no reason to part', async (t) => {
  const { clock, network, a } = await established({ config: { holdTime: 0 } });
  network.silence('10.0.0.1', '10.0.0.2');
  clock.advance(86_400_000);
  t.equal(a.state, 'Established');
});

t.test('a peer that never sends an OPEN is given four minutes', async (t) => {
  const clock = new VirtualClock();
  const network = new MemoryNetwork({ clock });
  const { a } = await pair({}, {}, network, clock);
  const mute = await network.host('10.0.0.2').listen({ address: '10.0.0.2', port: 179 }, (connection) => {
    connection.receive({ data() {}, drained() {}, closed() {} });
  });
  mute.admit([{ from: '10.0.0.1' }]);
  a.session.start();
  clock.advance(239_000);
  t.equal(a.state, 'OpenSent');
  clock.advance(2000);
  t.same(a.notifications, ['sent 4/0']);
});

t.test('a peer that does not read is given up without waiting for it', async (t) => {
  const { clock, network, a, b } = await established({ config: { holdTime: 300 } }, { config: { holdTime: 300 } });
  a.session.write(ROUTE_UPDATE);
  clock.advance(10);
  const deaf = network.open.find(({ local }) => local.address === a.address)!;
  Object.defineProperty(deaf, 'backlog', { get: () => 1000, set() {} });
  Object.defineProperty(deaf, 'taken', { get: () => 49, set() {} });
  clock.advance(700_000);
  t.equal(a.session.status.flaps, 1);
  t.match(a.handler.calls.at(1), /closed: the peer has not read for too long/);
  t.notMatch(b.notifications, ['received 8/0']);
});

t.test('a stop says why, and the other side hears it', async (t) => {
  const config = { gracefulNotification: true };
  const { clock, a, b } = await established({ config }, { config });
  a.session.stop({ kind: 'cease', subcode: CEASE.ADMINISTRATIVE_SHUTDOWN, text: 'maintenance' });
  clock.advance(10);
  t.same(a.handler.calls, [
    'established',
    'closed: stopped here: cease: hard reset: cease: administrative shutdown: "maintenance"',
  ]);
  t.match(b.session.status.reason, /hard reset: cease: administrative shutdown: "maintenance"/);
  t.equal(b.notifications[0], 'received 6/9');
  t.equal(a.state, 'Idle');
  clock.advance(60_000);
  t.equal(a.state, 'Idle');
  a.session.start();
  clock.advance(120_000);
  t.equal(b.state, 'Established');
});

t.test('a NOTIFICATION is never answered with one', async (t) => {
  const { clock, a, b } = await established();
  a.session.reset(ERROR.CEASE, CEASE.MAX_PREFIXES);
  clock.advance(10);
  const errors = ({ notifications }: Side) => notifications.filter((text) => !text.endsWith('6/7'));
  t.same(errors(a), ['sent 6/1']);
  t.same(errors(b), ['received 6/1']);
});

t.test('after errors a peer is left alone ever longer; time up makes good for them', async (t) => {
  const { clock, a } = await established();
  const downtimes: number[] = [];
  const resetAndWait = (): number => {
    a.session.reset(ERROR.UPDATE, 1);
    const from = clock.now();
    while (a.state !== 'Established' && clock.now() - from < 200_000) clock.advance(50);
    return clock.now() - from;
  };
  for (let error = 0; error < 6; error++) downtimes.push(resetAndWait());
  t.ok(downtimes[0]! <= 1000, `first ${downtimes[0]} ms`);
  t.ok(downtimes[5]! >= 8000, `sixth ${downtimes[5]} ms`);
  t.ok(
    downtimes.every((time, index) => index === 0 || time >= downtimes[index - 1]!),
    downtimes.join(),
  );
  clock.advance(3_600_000);
  t.ok(resetAndWait() <= 1000);
});

t.test('a peer that is stopped while it is left alone after errors stays alone', async (t) => {
  const { clock, a } = await established();
  for (let error = 0; error < 4; error++) {
    a.session.reset(ERROR.UPDATE, 1);
    while (error < 3 && a.state !== 'Established') clock.advance(50);
  }
  t.equal(a.state, 'Idle');
  a.session.stop({ kind: 'restart' });
  clock.advance(600_000);
  t.equal(a.state, 'Idle');
});

t.test('a peer with an unexpected AS number is refused, from either side', async (t) => {
  const { clock, a, b } = await pair({ asn: 65001 }, { asn: 65002, config: { remoteAs: 65099 } });
  a.session.start();
  b.session.start();
  clock.advance(100);
  t.ok(b.notifications.includes('sent 2/2'));
  t.ok(a.notifications.includes('received 2/2'));
  clock.advance(600_000);
  t.not(a.state, 'Established');
  t.ok(b.notifications.length < 80, `${b.notifications.length} NOTIFICATIONs in ten minutes`);
});

t.test('a malformed header ends the session with its own code', async (t) => {
  const { clock, network, a, b } = await established();
  const end = network.open.find(({ local }) => local.address === b.address)!;
  end.write(new Uint8Array(19));
  clock.advance(2);
  t.same(a.notifications, ['sent 1/1']);
});

t.test('an UPDATE that can not be withdrawn ends the session; others are reported', async (t) => {
  const { clock, a, b } = await established();
  const noOrigin = Buffer.from(ROUTE_UPDATE);
  noOrigin[26] = 9;
  b.session.write(noOrigin);
  clock.advance(2);
  t.match(
    a.events.filter(({ kind }) => kind === 'malformed'),
    [{ action: 'withdraw' }],
  );
  t.equal(a.state, 'Established');
  const overrun = Buffer.from(ROUTE_UPDATE);
  overrun[19] = 255;
  b.session.write(overrun);
  clock.advance(2);
  t.same(a.notifications, ['sent 3/1']);
});

t.test('graceful restart: routes stay when TCP breaks, and after NOTIFICATIONs if both set the N bit', async (t) => {
  const both = { config: { ...GRACEFUL.config, gracefulNotification: true } };
  const { clock, network, a, b } = await established(both, both);
  network.sever('10.0.0.1', '10.0.0.2');
  clock.advance(100);
  t.equal(a.handler.calls[1], 'closed: reset, keep ipv4-unicast 120 s');
  clock.advance(10_000);
  b.session.reset(ERROR.CEASE, CEASE.ADMINISTRATIVE_RESET);
  clock.advance(10);
  t.match(a.handler.calls.at(-1), /administrative reset, keep ipv4-unicast 120 s/);
  clock.advance(60_000);
  b.session.stop({ kind: 'cease', subcode: CEASE.ADMINISTRATIVE_SHUTDOWN });
  clock.advance(10);
  t.match(a.handler.calls.at(-1), /hard reset: cease: administrative shutdown$/);
});

t.test('graceful restart: without the N bit, as BIRD has it, a NOTIFICATION ends it all', async (t) => {
  for (const config of [{}, { gracefulNotification: true }]) {
    const { clock, a, b } = await established(GRACEFUL, { config: { ...GRACEFUL.config, ...config } });
    b.session.reset(ERROR.CEASE, CEASE.ADMINISTRATIVE_RESET);
    clock.advance(10);
    t.match(a.handler.calls[1], /administrative reset$/);
    b.session.stop({ kind: 'cease', subcode: CEASE.ADMINISTRATIVE_SHUTDOWN });
    t.notOk(b.notifications.includes('sent 6/9'));
  }
});

t.test('graceful restart: long-lived stale time comes on top', async (t) => {
  const longLived = { config: { gracefulRestart: { time: 60 }, longLivedStaleTime: 3600 } };
  const { clock, network, a } = await established(longLived, longLived);
  network.sever('10.0.0.1', '10.0.0.2');
  clock.advance(1);
  t.equal(a.handler.calls[1], 'closed: reset, keep ipv4-unicast 3660 s');
});

t.test('a peer that restarted behind our back is recognised by its new connection', async (t) => {
  const { clock, network, a, b } = await established(GRACEFUL, GRACEFUL);
  clock.advance(10_000);
  // B's host crashes: nothing reaches A, B's end is gone.
  network.silence('10.0.0.1', '10.0.0.2');
  b.session.stop({ kind: 'restart' });
  clock.advance(1000);
  network.silence('10.0.0.1', '10.0.0.2', false);
  const again = await pair(GRACEFUL, { ...GRACEFUL, restarted: { forwarding: ['ipv4-unicast'] } }, network, clock);
  network
    .host('10.0.0.1')
    .listen({ address: '10.0.0.1', port: 179 }, (connection) => a.session.accept(connection))
    .then((listener) => listener.admit([{ from: '10.0.0.2' }]));
  await Promise.resolve();
  await Promise.resolve();
  t.equal(a.state, 'Established');
  again.b.session.start();
  clock.advance(3000);
  t.equal(again.b.state, 'Established');
  t.match(a.handler.calls, [/established/, /closed: .*, keep ipv4-unicast 120 s/, /established/]);
  t.equal(a.session.negotiated?.gracefulRestart?.restarting, true);
});

t.test('a second connection does not disturb a session that is alive', async (t) => {
  const { clock, network, a } = await established();
  clock.advance(10_000);
  let refused = '';
  network.host('10.0.0.2').dial(
    { address: '10.0.0.1', port: 179 },
    {
      connected: (connection) =>
        connection.receive({
          data() {},
          drained() {},
          closed: (reason) => {
            refused = reason;
          },
        }),
      failed() {},
    },
  );
  clock.advance(2000);
  t.equal(refused, 'the peer closed the connection');
  t.equal(a.state, 'Established');
  t.same(a.handler.calls, ['established']);
});

t.test('a new configuration resets the session only if OPEN or the socket depend on it', async (t) => {
  const { clock, a, b } = await established();
  const { config } = a.session;
  t.equal(a.session.reconfigure({ ...config }), 'same');
  t.equal(a.session.reconfigure({ ...config, description: 'x' }), 'same');
  t.equal(a.session.reconfigure({ ...config, maxPrefixes: 10 }), 'kept');
  t.equal(a.state, 'Established');
  t.equal(a.session.reconfigure({ ...config, holdTime: 30 }), 'reset');
  t.not(a.state, 'Established');
  clock.advance(5000);
  t.equal(a.session.negotiated?.holdTime, 30);
  t.equal(b.session.status.flaps, 1);
});

t.test('a reset from inside a handler call takes effect after it', async (t) => {
  const { clock, a, b } = await established();
  let during: readonly string[] = [];
  const record = a.handler.update.bind(a.handler);
  a.handler.update = (peer, view) => {
    peer.reset(ERROR.CEASE, CEASE.MAX_PREFIXES);
    record(peer, view);
    during = [...a.handler.calls];
  };
  b.session.write(ROUTE_UPDATE);
  clock.advance(2);
  t.same(during, ['established', 'update +10.1.0.0/26']);
  t.match(a.handler.calls[2], /^closed: cease: maximum number of prefixes reached/);
});

t.test('DelayOpen on both sides still comes up', async (t) => {
  const { clock, a, b } = await pair({ config: { delayOpenTime: 2 } }, { config: { delayOpenTime: 2 } });
  a.session.start();
  b.session.start();
  clock.advance(6000);
  t.same([a.state, b.state], ['Established', 'Established']);
});

t.test(
  'a peer that is not there is tried again and again, and found within a second of its first minute',
  async (t) => {
    const { clock, a, b } = await pair({}, { config: { passive: true } });
    a.session.start();
    clock.advance(2000);
    t.equal(a.state, 'Active');
    b.session.start();
    clock.advance(4000);
    t.equal(a.state, 'Established');
  },
);
