import t from 'tap';
import type { Capability } from '../../src/bgp/wire/index.ts';
import { RawSession } from './raw-session.ts';
import { update } from './wire/wire.ts';

const [IPV4, STALE_TIME, RESTART_TIME] = [{ afi: 1, safi: 1 }, 3600, 30];
const ROUTE = update('40 01 01 00 40 02 06 02 01 0000fde9 40 03 04 0a000002', '18 0a0100');

function graceful(restarting: boolean, forwarding = true): Capability {
  return {
    ...{ kind: 'gracefulRestart', restarting, notification: false, time: RESTART_TIME },
    families: [{ ...IPV4, forwarding }],
  };
}

function longLived(forwarding: boolean): Capability {
  return { kind: 'longLived', families: [{ ...IPV4, forwarding, staleTime: STALE_TIME }] };
}

t.test(
  'long-lived routes stay at the return of a peer that has kept them, and else go at once (RFC 9494 §4.2)',
  async (t) => {
    const returns: readonly (readonly [what: string, capabilities: readonly Capability[], kept: number])[] = [
      ['it says that they were preserved', [graceful(true), longLived(true)], 1],
      ['it says that they were not', [graceful(true), longLived(false)], 0],
      ['it says nothing of it', [graceful(true)], 0],
      ['it has lost what graceful restart would have kept', [graceful(true, false), longLived(true)], 0],
    ];
    for (const [what, capabilities, kept] of returns) {
      const session = await new RawSession().open([graceful(false), longLived(true)]);
      session.say(ROUTE);
      session.cut();
      session.clock.advance((RESTART_TIME + 1) * 1000);
      t.match(session.us.speaker.explain('10.1.0.0/24').paths, [{ stale: true }]);
      await session.open(capabilities);
      t.equal(session.status.state, 'Established');
      t.equal(session.us.best.size, kept, what);
    }
  },
);

t.test('within the restart time it is graceful restart alone that counts', async (t) => {
  const session = await new RawSession().open([graceful(false), longLived(true)]);
  session.say(ROUTE);
  session.cut();
  await session.open([graceful(true)]);
  t.equal(session.us.best.size, 1);
});
