import fc from 'fast-check';
import t from 'tap';
import { createUpdateView, decodeUpdate, type UpdateScratch } from '../../../src/bgp/wire/index.ts';
import { decode, EBGP, hex, prefixes, session, toHex, update } from './wire.ts';

const NEXT_HOP = '40 03 04 0a000002';

function canonical(view: UpdateScratch): string {
  return toHex(view.attributes.subarray(0, view.attributesLength));
}

t.test('the same attributes in any order, with any spelling of their lengths, give the same bytes', async (t) => {
  const view = createUpdateView();
  const attributes = [
    ['40 01 01 00', '50 01 0001 00'],
    ['40 02 06 02 01 0000fde9', '50 02 0006 02 01 0000fde9'],
    [NEXT_HOP, '50 03 0004 0a000002'],
    ['80 04 04 00000001', 'a0 04 04 00000001'],
    ['40 05 04 00000064', '60 05 04 00000064'],
    ['c0 08 04 fde80001', 'd0 08 0004 fde80001'],
    ['c0 63 01 07', 'e0 63 01 07'],
  ];
  const expected = toHex(hex('40010100 4002060201 0000fde9 80040400000001 40050400000064 c00804fde80001 e0630107'));
  fc.assert(
    fc.property(
      fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6], { minLength: 7 }),
      fc.array(fc.constantFrom(0, 1), { minLength: 7, maxLength: 7 }),
      (order, spelling) => {
        const message = update(order.map((at) => attributes[at][spelling[at]]).join(''), '18 0a0000');
        return decode(message, view).length === 0 && canonical(view) === expected;
      },
    ),
    { seed: 7606, numRuns: 200 },
  );
  t.equal(view.nextHop4, 0x0a000002);
});

t.test('what is discarded is not in them, and what we do not know is, with its Partial bit set', async (t) => {
  const view = createUpdateView();
  const base = `40 01 01 00 40 02 00 ${NEXT_HOP}`;
  decode(update(`${base} 40 05 04 00000064 80 09 04 00000001`, '18 0a0000'), view, EBGP);
  t.equal(canonical(view), '40010100400200', 'LOCAL_PREF and ORIGINATOR_ID from outside');
  decode(update(`${base} 80 63 01 00 c0 64 01 05 80 1a 03 01 0003`, '18 0a0000'), view);
  t.equal(canonical(view), '40010100400200e0640105', 'unknown ones: the non-transitive goes, the transitive stays');
  decode(update(`${base} e0 08 04 00000001`, '18 0a0000'), view);
  t.equal(canonical(view), '40010100400200e0080400000001', 'Partial stays where another has set it');
});

t.test('repeated large communities are dropped (RFC 8092 §2)', async (t) => {
  const view = createUpdateView();
  const [a, b] = ['000000010000000200000003', '000000010000000200000004'];
  decode(update(`40 01 01 00 40 02 00 ${NEXT_HOP} c0 20 30 ${a}${b}${a}${b}`, '18 0a0000'), view);
  t.equal(canonical(view), `40010100400200c02018${a}${b}`);
});

t.test('a block seen before gives the same result as one seen for the first time', async (t) => {
  const settled = [session(), session(EBGP), session({ fourOctetAs: false })];
  const blocks = [
    `40 01 01 00 40 02 00 ${NEXT_HOP} 40 05 04 00000064`,
    `40 01 01 00 40 02 00 ${NEXT_HOP} 40 05 04 00000065`,
    `40 01 01 07 40 02 00 ${NEXT_HOP}`,
    `40 01 01 00 40 02 00 ${NEXT_HOP} 40 06 01 00`,
    `40 01 01 00 40 02 00 80 0e 1a 0002 01 10 20010db8 ${'00'.repeat(11)} 01 00 20 20010db8`,
    `80 0e 1a 0002 01 10 20010db8 ${'00'.repeat(11)} 01 00 20 20010db9 40 01 01 00 40 02 00`,
    '80 0f 08 0002 01 20 20010db8',
    '40 01 01 00 40 02 00 80 0e 05 0002 01 10 00',
    `40 01 01 00 40 02 00 ${NEXT_HOP} 80 04`,
    '',
  ];
  const shared = createUpdateView();
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(blocks.length - 1), fc.nat(settled.length - 1), fc.boolean()), { maxLength: 12 }),
      (steps) => {
        for (const [block, which, announce] of steps) {
          const message = update(blocks[block], announce ? '18 0a0001' : '');
          const fresh = createUpdateView(64);
          const expected = decodeUpdate(message, 0, message.length, settled[which], fresh);
          const got = decodeUpdate(message, 0, message.length, settled[which], shared);
          const same =
            JSON.stringify(got) === JSON.stringify(expected) &&
            JSON.stringify(shown(shared)) === JSON.stringify(shown(fresh));
          if (!same) return false;
        }
        return true;
      },
    ),
    { seed: 1, numRuns: 300 },
  );
  t.pass();
});

function shown(view: UpdateScratch): object {
  return {
    lists: [view.withdrawn4, view.announced4, view.mpWithdrawn, view.mpAnnounced].map((columns) =>
      columns.count === 0 ? [] : prefixes(columns),
    ),
    attributes: canonical(view),
    nextHop4: view.nextHop4,
    mpNextHop: toHex(view.mpNextHop.subarray(0, view.mpNextHopLength)),
    treatAsWithdraw: view.treatAsWithdraw,
    endOfRib: view.endOfRib,
  };
}
