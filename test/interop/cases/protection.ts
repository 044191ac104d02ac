import { setTimeout as after } from 'node:timers/promises';
import type { Case } from '../case.ts';
import { HOST } from '../network.ts';
import { simultaneous } from '../simultaneous.ts';

const HOLD_TIME = 3;
/** Seconds: long enough for a busy machine, and short enough to be sat out. */
const PATIENT_HOLD_TIME = 9;
/** A machine with others to serve may starve either side for the hold time; it does so time after time only if one of them is to blame. */
const ATTEMPTS = 3;
/** Those of more than a hold time. */
const KEEPALIVES = 3;
/** Milliseconds and routes of the churn. */
const CHURN_TIME = 10_000;
const CHURN_PAUSE = 40;
const CHURN_ROUTES = 2000;
const PREFIX_LIMIT = 5;
/** Seconds. */
const PATIENCE = 60;

const many = (second: number, count: number) =>
  Array.from({ length: count }, (_, at) => ({ prefix: `172.${second + (at >> 8)}.${at & 255}.0/24` }));

/** Passwords, limits, timers and collisions. */
export const protectionCases: readonly Case[] = [
  {
    name: 'TCP-MD5: the same password',
    async run(t, bench) {
      const { peer } = await bench.session({
        dials: 'both',
        ours: { password: 'secret' },
        theirs: { password: 'secret' },
        originate: [{ prefix: '172.16.1.0/24' }],
      });
      t.equal((await bench.seen(peer, '172.16.1.0/24')).length, 1);
    },
  },
  {
    name: 'TCP-MD5: different passwords',
    async run(t, bench) {
      const failures = await bench.md5Failures();
      const { us, peer, at, setup } = await bench.pair({
        dials: 'both',
        ours: { password: 'wrong' },
        theirs: { password: 'secret' },
      });
      await bench.until('segments to be refused', async () => (await bench.md5Failures()) > failures);
      t.not(us.status(at).state, 'Established');
      us.speaker.configure([{ ...setup.peers[0], password: 'secret' }]);
      await bench.established(us, peer, at);
    },
  },
  {
    name: 'hold time 3 s under load',
    slow: true,
    async run(t, bench) {
      const { us, peer, at } = await bench.session({ ours: { holdTime: HOLD_TIME }, theirs: { holdTime: HOLD_TIME } });
      t.equal(us.status(at).negotiated?.holdTime, HOLD_TIME);
      const routes = many(16, CHURN_ROUTES);
      let before = 0;
      for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
        before = us.downs.length;
        const end = performance.now() + CHURN_TIME;
        for (let round = 0; performance.now() < end; round++) {
          us.speaker.originate(routes.map((route, at) => ({ ...route, med: at % 2 === 0 ? round : 0 })));
          await after(CHURN_PAUSE);
          us.speaker.originate(routes.slice(0, (round % 10) * (CHURN_ROUTES / 10)));
          await after(CHURN_PAUSE);
        }
        us.speaker.originate(routes);
        await bench.until('all routes', async () => (await peer.routes('ipv4-unicast')).length === CHURN_ROUTES);
        if (us.downs.length === before) break;
      }
      t.same(us.downs.slice(before), []);
    },
  },
  {
    name: 'prefix limit',
    async run(t, bench) {
      const { us, at } = await bench
        .session({
          ours: { maxPrefixes: PREFIX_LIMIT },
          routes: many(17, PREFIX_LIMIT),
        })
        .then(async (all) => {
          await bench.until('what is allowed', () => all.us.best.size === PREFIX_LIMIT);
          await all.peer.announce(many(18, 1));
          return all;
        });
      await bench.until('the end', () => us.notification('sent', 6, 1) !== undefined);
      t.ok(us.status(at).flaps > 0);
    },
  },
  ...(['us', 'peer'] as const).map(
    (winner): Case => ({
      name: `collision: ${winner === 'us' ? 'our' : 'the peer’s'} identifier is higher`,
      slow: true,
      async run(t, bench) {
        const { transport, survivors } = simultaneous(bench.kind.waitsForOpen ? 0 : 2);
        const { us, peer, at } = await bench.pair({
          dials: 'both',
          routerId: winner === 'us' ? '10.255.255.255' : '10.0.0.1',
          // Our connection must still be wanted when the peer's comes.
          ours: { holdTime: PATIENT_HOLD_TIME, connectRetryTime: PATIENCE },
          theirs: { holdTime: PATIENT_HOLD_TIME },
          transport,
          originate: [{ prefix: '172.16.1.0/24' }],
        });
        await bench.established(us, peer, at);
        await bench.seen(peer, '172.16.1.0/24');
        await bench.until('one connection', () => survivors().length === 1);
        // Which one stays is certain only with a daemon whose OPENs we can time: FRR may have finished either before.
        if (bench.kind.waitsForOpen) t.same(survivors(), [winner]);
        // For the same reason we may have been through with the one that FRR gave up.
        const ended = bench.kind.waitsForOpen ? 0 : us.downs.length;
        await bench.established(us, peer, at);
        const { received } = us.status(at).messages;
        await bench.until('keepalives', () => us.status(at).messages.received > received + KEEPALIVES);
        t.same(us.downs.slice(ended), []);
        t.match(us.status(at), { state: 'Established', routerId: bench.address(HOST.peer) });
      },
    }),
  ),
];
