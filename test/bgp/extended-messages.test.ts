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

async function afterLong(also: readonly Capability[]): Promise<RawSession> {
  const session = await new RawSession().open(also);
  session.say(long());
  return session;
}

t.test('a long message is read from a peer that reads such itself (RFC 8654)', async (t) => {
  const { us, status } = await afterLong([{ kind: 'extendedMessage' }]);
  t.equal(us.best.size, PREFIXES);
  t.equal(status.state, 'Established');
});

t.test('from another one it is of a bad length (RFC 4271 §6.1)', async (t) => {
  const { us, status } = await afterLong([]);
  t.equal(us.best.size, 0);
  t.not(status.state, 'Established');
});
