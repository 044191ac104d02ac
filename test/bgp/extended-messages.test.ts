import t from 'tap';
import type { Capability } from '../../src/bgp/wire/index.ts';
import { RawSession } from './raw-session.ts';
import { update } from './wire/wire.ts';

const PREFIXES = 2000;
const ATTRIBUTES = '40 01 01 00 40 02 06 02 01 0000fde9 40 03 04 0a000002';

/** An UPDATE of 8,000 octets and more. */
function long(): Uint8Array {
  const nlri = Array.from({ length: PREFIXES }, (_, at) => `18 0a ${at.toString(16).padStart(4, '0')}`);
  return update(ATTRIBUTES, nlri.join(' '));
}

t.test('a long message is read whether or not its sender reads such: we say that we do (RFC 8654 §4)', async (t) => {
  for (const also of [[], [{ kind: 'extendedMessage' }]] satisfies (readonly Capability[])[]) {
    const session = await new RawSession().open(also);
    session.say(long());
    t.equal(session.us.best.size, PREFIXES);
    t.equal(session.status.state, 'Established');
  }
});
