import t from 'tap';
import {
  BFD_STATES,
  type ControlPacket,
  decodeControlPacket,
  diagnosticText,
  encodeControlPacket,
} from '../../../src/bfd/wire/index.ts';
import { packet } from '../packets.ts';

/** What FRR's bfdd sends of a session that is Up: captured, with its intervals of 300 ms. */
const CAPTURED = '20c003180000000100000002000493e0000493e00000c350';

t.test('a packet is read as RFC 5880 §4.1 lays it out', async (t) => {
  t.same(decodeControlPacket(octets(CAPTURED)), {
    ...packet({ state: 'Up', myDiscriminator: 1, yourDiscriminator: 2 }),
    ...{ desiredMinTx: 300_000, requiredMinRx: 300_000, requiredMinEchoRx: 50_000 },
  });
});

t.test('what is written is read as the same', async (t) => {
  for (const state of BFD_STATES)
    for (const flag of ['poll', 'final', 'independent', 'demand'] as const)
      for (const diagnostic of [0, 1, 8, 31]) {
        const one = packet({ state, diagnostic, [flag]: true, yourDiscriminator: 0xffffffff });
        t.same(decodeControlPacket(encodeControlPacket(one)), one);
      }
});

t.test('intervals are rounded to microseconds, and cut to what there is room for', async (t) => {
  const read = decodeControlPacket(encodeControlPacket(packet({ desiredMinTx: 0.6, requiredMinRx: 1e12 })));
  t.match(read, { desiredMinTx: 1, requiredMinRx: 0xffffffff });
});

t.test('each row of §6.8.6 that needs no session discards', async (t) => {
  const good = encodeControlPacket(packet({ state: 'Up', yourDiscriminator: 9 }));
  const with_ = (at: number, value: number): Uint8Array => Object.assign(good.slice(), { [at]: value });
  const rows: readonly (readonly [string, Uint8Array, RegExp])[] = [
    ['another version', with_(0, 0x40), /version 2/],
    ['version 0', with_(0, 0), /version 0/],
    ['shorter than the mandatory section', with_(3, 23), /length of 23/],
    ['longer than the payload', with_(3, 25), /length of 25 in 24/],
    ['a payload that is too short', good.subarray(0, 23), /23 octets/],
    ['nothing at all', new Uint8Array(0), /0 octets/],
    ['multiplier 0', with_(2, 0), /multiplier of 0/],
    ['multipoint', with_(1, good[1] | 1), /multipoint/],
    ['My Discriminator 0', encodeControlPacket(packet({ myDiscriminator: 0 })), /My Discriminator/],
    ['Your Discriminator 0 in Up', encodeControlPacket(packet({ state: 'Up' })), /Your Discriminator/],
    ['Your Discriminator 0 in Init', encodeControlPacket(packet({ state: 'Init' })), /Your Discriminator/],
    ['authentication', with_(1, good[1] | 4), /authenticated/],
  ];
  for (const [name, bytes, reason] of rows) t.match(decodeControlPacket(bytes), { kind: 'discarded', reason }, name);
  t.equal(decodeControlPacket(good).kind, 'packet');
  for (const state of ['Down', 'AdminDown'] as const)
    t.equal(
      decodeControlPacket(encodeControlPacket(packet({ state }))).kind,
      'packet',
      `Your Discriminator 0 in ${state}`,
    );
});

t.test('octets behind the packet are none of it', async (t) => {
  t.same(decodeControlPacket(octets(`${CAPTURED}0102030405`)), decodeControlPacket(octets(CAPTURED)));
});

t.test('any octets are a packet or are discarded with a reason, and a packet is written as it was read', async (t) => {
  let state = 1;
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  };
  const good = octets(CAPTURED);
  let read = 0;
  for (let turn = 0; turn < 20_000; turn++) {
    const length = turn % 3 === 0 ? next() % 40 : 24;
    const bytes = Uint8Array.from({ length }, (_, at) => (turn % 2 === 0 ? next() : (good[at] ?? 0)));
    for (let changes = turn % 4; changes > 0 && length > 0; changes--) bytes[next() % length] = next();
    const result = decodeControlPacket(bytes);
    if (result.kind === 'discarded') {
      if (result.reason === '') t.fail('no reason');
      continue;
    }
    read++;
    const again = encodeControlPacket(result as ControlPacket);
    // The length is always the mandatory section's.
    bytes[3] = 24;
    if (Buffer.compare(again, bytes.subarray(0, 24)) !== 0) t.fail(`${Buffer.from(bytes).toString('hex')} changes`);
  }
  t.ok(read > 1000, 'some of them are packets');
});

t.test('diagnostics have words', async (t) => {
  t.equal(diagnosticText(1), 'control detection time expired');
  t.equal(diagnosticText(31), 'diagnostic 31');
});

function octets(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, 'hex'));
}
