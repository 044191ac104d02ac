import t from 'tap';
import type { Negotiated } from '../../../src/bgp/contract.ts';
import {
  ATTRIBUTES,
  type AttributeRow,
  createUpdateView,
  type MalformedAction,
  strongestError,
} from '../../../src/bgp/wire/index.ts';
import { decode, EBGP, hex, prefixes, toHex, update } from './wire.ts';

/** A good value of each attribute, from a peer of two-octet AS numbers where only such a one may send it. */
const GOOD: Readonly<Record<number, string>> = {
  1: '00',
  2: '',
  3: '0a000002',
  4: '00000001',
  5: '00000064',
  6: '',
  7: '0000fde9 0a000001',
  8: 'fde80001',
  9: '0a000007',
  10: '0a000001',
  14: '0002 01 10 20010db8000000000000000000000001 00 20 20010db8',
  15: '0002 01 20 20010db8',
  16: '0002fde800000064',
  17: '02 01 0000fde9',
  18: '0000fde9 0a000001',
  22: '00 06 000000',
  23: '0007 000b 0404000003e8 8000020000 0008 0002 0600',
  24: '00',
  25: '00'.repeat(20),
  26: '01 000b 0000000000000001',
  29: '0400 0000',
  32: '0000fde8 00000001 00000002',
  35: '0000fde8',
  40: '01 0007 00 0000 00000064 03 0008 0000 000001 000064 05 0000 fe 0001 00',
  128: '0000fde8 40 01 01 00 50 02 0000',
};

/** Values of the right length that are wrong all the same. */
const BAD_VALUES: Readonly<Record<number, readonly string[]>> = {
  1: ['03', 'ff'],
  2: [
    '05 01 00000001',
    '02 00',
    '02 02 00000001',
    '02 01 00000001 02',
    '02 01 00000000',
    '03 01 00000001',
    '04 01 00000001',
    '00 01 00000001',
  ],
  3: ['00000000', '7f000001', 'e0000001', 'ffffffff'],
  7: ['00000000 0a000001'],
  14: [
    '0002 01 ff 00',
    '0002 01 04 0a000001 00 20 20010db8',
    '0002 01 10 20010db8000000000000000000000001 00 81 00',
    '0002 01 10 20010db8000000000000000000000001 00 40 20010db8',
    '0001 01 10 20010db8000000000000000000000001 00 18 0a0000',
  ],
  15: ['0002 01 81 00', '0002 01 40 20010db8'],
  17: ['05 01 00000001', '02 02 00000001', '02 01 00000000'],
  18: ['00000000 0a000001'],
  23: [
    '000d 0001',
    '000d 0000 00',
    '0007 0004 01200a00',
    '0007 0003 8000 05',
    '0007 0001 01',
    '000d 0000 0007 0002 0101',
    '0007 0005 0601000102',
  ],
  35: ['00000000'],
  40: [
    '01 00ff 000000',
    '01 0007 00 0000 000000',
    '01 0007 00 0000 00000064 03',
    '01 0006 00 0000 000064',
    '03 0002 0000',
    '03 0009 0000 000001 000064 00',
    '01 0007 00 0000 00000064 05 0001',
  ],
  128: ['0000fde8 40', '0000fde8 40 01 02 00', '0000fde8 50 02 0001'],
};

/** Mandatory attributes and one prefix, so that 'withdraw' has something to withdraw; `but` leaves one out. */
function announcing(extra: string, but: number): Uint8Array {
  const base = [1, 2, 3].filter((type) => type !== but).map((type) => attribute(type, hex(GOOD[type])));
  return update(base.join('') + extra, '18 0a0000');
}

function attribute(type: number, value: Uint8Array, flags?: number): string {
  const row = ATTRIBUTES.find((each) => each.type === type);
  return toHex(Uint8Array.from([flags ?? row!.flags, type, value.length, ...value]));
}

const SESSIONS: readonly (readonly [name: string, but: Partial<Negotiated>])[] = [
  ['iBGP', {}],
  ['eBGP', EBGP],
];

/** The session on which the attribute can be judged at all. */
function sessionFor(row: AttributeRow, but: Partial<Negotiated>): Partial<Negotiated> {
  return row.refuse === 'four-octet' ? { ...but, fourOctetAs: false } : but;
}

function actionOf(row: AttributeRow, but: Partial<Negotiated>): MalformedAction {
  return but.ibgp === false ? row.ebgp : row.ibgp;
}

const view = createUpdateView();

/** The AS_PATH of `GOOD` is empty, hence good for both widths. */
function outcome(message: Uint8Array, but: Partial<Negotiated>, type: number): MalformedAction | 'accept' | 'another' {
  const errors = decode(message, view, but);
  for (const error of errors) if (error.attribute !== type) return 'another';
  return strongestError(errors)?.action ?? 'accept';
}

for (const [name, but] of SESSIONS) {
  t.test(`${name}: a good attribute is accepted, or dropped where it has no business`, async (t) => {
    for (const row of ATTRIBUTES) {
      const message = announcing(attribute(row.type, hex(GOOD[row.type])), row.type);
      const judged = row.refuse === 'ebgp' && but.ibgp === false ? 'discard' : 'accept';
      // AGGREGATOR of GOOD has eight octets.
      t.equal(outcome(message, sessionFor(row, but), row.type), judged, row.name);
      t.notOk(view.treatAsWithdraw);
      t.ok(view.announced4.count > 0);
    }
  });

  t.test(`${name}: a wrong length brings the action of the table`, async (t) => {
    for (const row of ATTRIBUTES) {
      if (row.refuse === 'all') continue;
      const expected = actionOf(row, but);
      for (const wrong of wrongLengths(row)) {
        const message = announcing(attribute(row.type, new Uint8Array(wrong).fill(1)), row.type);
        t.equal(outcome(message, sessionFor(row, but), row.type), expected, `${row.name} of ${wrong} octets`);
        t.same(left(), leftBy(expected));
      }
    }
  });

  t.test(`${name}: wrong flags bring the action of the table`, async (t) => {
    for (const row of ATTRIBUTES) {
      if (row.refuse === 'all') continue;
      const expected = row.refuse === 'ebgp' && but.ibgp === false ? 'discard' : row.wrongFlags;
      for (const flip of [0x80, 0x40, 0xc0]) {
        const bytes = attribute(row.type, hex(GOOD[row.type]), row.flags ^ flip);
        t.equal(
          outcome(announcing(bytes, row.type), sessionFor(row, but), row.type),
          expected,
          `${row.name} ^ ${flip}`,
        );
        t.same(left(), leftBy(expected));
      }
    }
  });

  t.test(`${name}: a wrong value brings the action of the table`, async (t) => {
    for (const row of ATTRIBUTES) {
      t.ok(row.problem === undefined || BAD_VALUES[row.type], `${row.name} has bad values to try`);
      for (const value of BAD_VALUES[row.type] ?? []) {
        const expected = actionOf(row, but);
        const message = announcing(attribute(row.type, hex(value)), row.type);
        t.equal(outcome(message, sessionFor(row, but), row.type), expected, `${row.name} = ${value}`);
        t.same(left(), leftBy(expected));
      }
    }
  });

  t.test(`${name}: of a repeated attribute the first counts, but a second MP_* ends the session`, async (t) => {
    for (const row of ATTRIBUTES) {
      const one = attribute(row.type, hex(GOOD[row.type]));
      const expected = row.ibgp === 'reset' ? 'reset' : 'discard';
      t.equal(outcome(announcing(one + one, row.type), sessionFor(row, but), row.type), expected, row.name);
      t.same(left(), leftBy(expected));
    }
  });
}

function wrongLengths(row: AttributeRow): readonly number[] {
  const { length } = row;
  if (length.kind === 'exactly') return [length.octets + 1, ...(length.octets > 0 ? [0, length.octets - 1] : [])];
  if (length.kind === 'multiple') return [0, length.octets - 1, length.octets + 1];
  return length.octets > 0 ? [0, length.octets - 1] : [];
}

/** What the view holds in the end, and what it should after each action. */
function left(): object {
  return { withdraw: view.treatAsWithdraw, announced: view.announced4.count, empty: view.attributesLength === 0 };
}

function leftBy(action: MalformedAction): object {
  return { withdraw: action === 'withdraw', announced: action === 'reset' ? 0 : 1, empty: action !== 'discard' };
}

t.test('messages as a whole', async (t) => {
  const base = '40 01 01 00 40 02 00 40 03 04 0a000002';
  const nlri = '18 0a0000';
  const cases: readonly (readonly [
    name: string,
    message: Uint8Array,
    action: MalformedAction | 'accept',
    subcode: number,
  ])[] = [
    ['all is well', update(base, nlri), 'accept', 0],
    ['ORIGIN missing', update('40 02 00 40 03 04 0a000002', nlri), 'withdraw', 3],
    ['AS_PATH missing', update('40 01 01 00 40 03 04 0a000002', nlri), 'withdraw', 3],
    ['NEXT_HOP missing', update('40 01 01 00 40 02 00', nlri), 'withdraw', 3],
    ['no attributes at all', update('', nlri), 'withdraw', 3],
    ['mandatory ones missing, but nothing announced', update('80 04 04 00000001', '', nlri), 'accept', 0],
    ['an attribute overruns', update(`${base} 80 04 05 00000001`, nlri), 'withdraw', 1],
    ['two octets left over', update(`${base} 80 04`, nlri), 'withdraw', 1],
    ['three octets left over of an extended one', update(`${base} 90 04 00`, nlri), 'withdraw', 1],
    ['MP_REACH overruns', update(`${base} 80 0e 05 0002 01 10`, nlri), 'reset', 1],
    ['an unknown well-known attribute', update(`${base} 40 63 01 00`, nlri), 'withdraw', 2],
    ['a withdraw-worthy error and nothing announced', update('40 01 01 07', '', nlri), 'reset', 6],
    ['a discard-worthy error and nothing announced', update('40 06 01 00', '', nlri), 'discard', 5],
    ['a prefix longer than 32 bits', update(base, '21 0a00000000'), 'reset', 10],
    ['a prefix that overruns', update(base, '18 0a00'), 'reset', 10],
    ['a withdrawn prefix longer than 32 bits', update('', '', '21 0a00000000'), 'reset', 10],
    ['withdrawn routes that overrun the message', hex(`${'ff'.repeat(16)} 0017 02 0001 0000`), 'reset', 1],
    ['attributes that overrun the message', hex(`${'ff'.repeat(16)} 0017 02 0000 0001`), 'reset', 1],
    ['MP next hop all zeros', update(`${base} 80 0e 1a 0002 01 10 ${'00'.repeat(16)} 00 20 20010db8`), 'withdraw', 9],
    ['MP next hop loopback', update(`${base} 80 0e 1a 0002 01 10 ${'00'.repeat(15)} 01 00 20 20010db8`), 'withdraw', 9],
    [
      'MP next hop multicast',
      update(`${base} 80 0e 1a 0002 01 10 ff02 ${'00'.repeat(14)} 00 20 20010db8`),
      'withdraw',
      9,
    ],
    ['a family that was not negotiated', update(`${base} 80 0f 03 0019 41`, nlri), 'discard', 9],
    ['withdraw and reset together', update('40 01 01 07 40 02 00 40 03 04 0a000002', '18 0a00'), 'reset', 10],
    [
      'discard and withdraw together',
      update('40 01 01 07 40 02 00 40 03 04 0a000002 40 06 01 00', nlri),
      'withdraw',
      6,
    ],
  ];
  for (const [name, message, action, subcode] of cases) {
    const worst = strongestError(decode(message, view));
    t.equal(worst?.action ?? 'accept', action, name);
    t.equal(worst?.notification.subcode ?? 0, subcode, `${name}: subcode`);
    t.equal(view.treatAsWithdraw, action === 'withdraw', name);
    if (action === 'reset') t.equal(view.announced4.count + view.withdrawn4.count, 0, name);
  }
});

t.test('errors carry the attribute, the bytes, and the NOTIFICATION that RFC 4271 §6.3 asks for', async (t) => {
  const [origin] = decode(update('40 01 01 07 40 02 00 40 03 04 0a000002', '18 0a0000'), view);
  t.match(origin, { action: 'withdraw', attribute: 1, notification: { code: 3, subcode: 6 } });
  t.equal(toHex(origin.bytes), '40010107');
  t.equal(toHex(origin.notification.data), '40010107');
  t.match(origin.reason, /ORIGIN: undefined value 7/);
  const [missing] = decode(update('40 02 00 40 03 04 0a000002', '18 0a0000'), view);
  t.equal(toHex(missing.notification.data), '01');
  const [path] = decode(update('40 01 01 00 40 02 01 02 40 03 04 0a000002', '18 0a0000'), view);
  t.equal(path.notification.subcode, 11);
  t.equal(path.notification.data.length, 0);
});

t.test('a message of a thousand errors is not a thousand reports', async (t) => {
  const errors = decode(update('40 06 01 00'.repeat(900), '18 0a0000'), view);
  t.equal(errors.filter((error) => error.action === 'discard').length <= 16, true);
  t.ok(view.treatAsWithdraw, 'and what else is wrong is still found');
});

t.test('withdrawals and announcements in one message are both read', async (t) => {
  const base = '40 01 01 00 40 02 00 40 03 04 0a000002';
  t.same(
    decode(
      update(
        `${base} 80 0f 08 0002 01 20 20010db9 80 0e 1a 0002 01 10 20010db8 ${'00'.repeat(11)} 01 00 20 20010db8`,
        '18 0a0001',
        '18 0a0000',
      ),
      view,
    ),
    [],
  );
  t.same(prefixes(view.withdrawn4), ['10.0.0.0/24']);
  t.same(prefixes(view.announced4), ['10.0.1.0/24']);
  t.same(prefixes(view.mpWithdrawn), ['20010db9:00000000:00000000:00000000/32']);
  t.same(prefixes(view.mpAnnounced), ['20010db8:00000000:00000000:00000000/32']);
  t.equal(view.nextHop4, 0x0a000002);
  t.equal(view.mpNextHopLength, 16);
});

t.test('IPv4 over an IPv6 next hop only where negotiated (RFC 8950)', async (t) => {
  const message = update(`40 01 01 00 40 02 00 80 0e 19 0001 01 10 20010db8 ${'00'.repeat(11)} 01 00 18 0a0000`);
  t.equal(strongestError(decode(message, view))?.action, 'reset');
  t.same(decode(message, view, { extendedNextHop: ['ipv4-unicast'] }), []);
  t.same(prefixes(view.mpAnnounced), ['10.0.0.0/24']);
});

t.test('End-of-RIB is seen for what it is', async (t) => {
  const cases = [
    [update(''), 'ipv4-unicast'],
    [update('80 0f 03 0002 01'), 'ipv6-unicast'],
    [update('90 0f 0003 0002 01'), 'ipv6-unicast'],
    [update('80 0f 03 0001 01'), 'ipv4-unicast'],
    [update('80 0f 08 0002 01 20 20010db8'), undefined],
    [update('80 0f 03 0002 01', '', '18 0a0000'), undefined],
    [update('80 04 04 00000001 80 0f 03 0002 01'), undefined],
  ] as const;
  for (const [message, family] of cases) {
    t.same(decode(message, view), []);
    t.equal(view.endOfRib, family, toHex(message.subarray(19)));
  }
  decode(update(''), view, { families: ['ipv6-unicast'] });
  t.equal(view.endOfRib, undefined, 'of a family not negotiated');
});
