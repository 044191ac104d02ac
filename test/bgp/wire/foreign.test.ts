import t from 'tap';
import type { Negotiated } from '../../../src/bgp/contract.ts';
import { createUpdateView, decodeOpen, frame, MESSAGE, strongestError } from '../../../src/bgp/wire/index.ts';
import { decode, EBGP, hex, prefixes, update } from './wire.ts';

/**
 * Messages that other implementations' tests are made of, and what becomes of them here. Where the others disagree, the
 * RFC decides, and the row says so.
 */
type Verdict = 'accept' | 'discard' | 'withdraw' | 'reset';

const ORIGIN = '40 01 01 00';
const PATH = '40 02 06 02 01 0000fde9';
const HOP = '40 03 04 0a000002';
const EXTERNAL = `${ORIGIN} ${PATH} ${HOP}`;
const INTERNAL = `${EXTERNAL} 40 05 04 00000064`;
const SIX = `${ORIGIN} ${PATH} 40 05 04 00000064`;
const GLOBAL = '20010db8 00000000 00000000 00000001';
const LOCAL = 'fe80 0000 0000 0000 0210 02ff 0102 0304';

interface Row {
  readonly what: string;
  readonly attributes: string;
  readonly nlri?: string;
  readonly session?: Partial<Negotiated>;
  readonly verdict: Verdict;
}

/** An attribute of type 14 or 15 around its value. */
function multiprotocol(type: 14 | 15, value: string): string {
  const { length } = hex(value);
  return `80 ${type.toString(16).padStart(2, '0')} ${length.toString(16).padStart(2, '0')} ${value}`;
}

const reach = (value: string): string => `${SIX} ${multiprotocol(14, value)}`;
const TWO = '20 20010db8 40 20010db8 00010002';

const ROWS: readonly Row[] = [
  // Framing of the block of attributes, external and internal.
  { what: 'nothing wrong', attributes: EXTERNAL, session: EBGP, verdict: 'accept' },
  { what: 'two octets left over', attributes: `${EXTERNAL} 4001`, session: EBGP, verdict: 'withdraw' },
  { what: 'two octets left over, internal', attributes: `${INTERNAL} 4001`, verdict: 'withdraw' },
  { what: 'three octets and an extended length', attributes: `${EXTERNAL} 500800`, session: EBGP, verdict: 'withdraw' },
  { what: 'three octets and an extended length, internal', attributes: `${INTERNAL} 500800`, verdict: 'withdraw' },
  { what: 'a length beyond the block', attributes: `${EXTERNAL} c0 08 ff 00`, session: EBGP, verdict: 'withdraw' },
  // Repeated attributes: the first counts.
  { what: 'MED twice', attributes: `${INTERNAL} 80 04 04 0000000a 80 04 04 00000014`, verdict: 'discard' },
  { what: 'ORIGIN twice', attributes: `${EXTERNAL} 40 01 01 01`, session: EBGP, verdict: 'discard' },
  {
    what: 'MP_REACH_NLRI twice',
    attributes: `${reach(`0002 01 10 ${GLOBAL} 00 40 20010db8 00010000`)} ${multiprotocol(14, `0002 01 10 ${GLOBAL} 00 40 20010db8 00020000`)}`,
    nlri: '',
    verdict: 'reset',
  },
  // FRR withdraws here; RFC 8669 §6 asks for the discard.
  {
    what: 'PREFIX_SID whose label index has no octets',
    attributes: `${EXTERNAL} c0 28 06 010000 000000 80 00 00`,
    session: EBGP,
    verdict: 'discard',
  },
  {
    what: 'AIGP as a transitive attribute',
    attributes: `${INTERNAL} c0 1a 0b 01000b 000000000000000a`,
    verdict: 'accept',
  },
  {
    what: 'NEXT_HOP of five octets',
    attributes: `${ORIGIN} ${PATH} 40 03 05 0a00000200`,
    session: EBGP,
    verdict: 'withdraw',
  },
  { what: 'NEXT_HOP of none', attributes: `${ORIGIN} ${PATH} 40 03 00`, session: EBGP, verdict: 'withdraw' },
  {
    what: 'LOCAL_PREF of three octets, external',
    attributes: `${EXTERNAL} 40 05 03 000064`,
    session: EBGP,
    verdict: 'discard',
  },
  { what: 'LOCAL_PREF of three octets, internal', attributes: `${EXTERNAL} 40 05 03 000064`, verdict: 'withdraw' },
  // Values.
  { what: 'ORIGIN is missing', attributes: `${PATH} ${HOP}`, session: EBGP, verdict: 'withdraw' },
  { what: 'ORIGIN 5', attributes: `40 01 01 05 ${PATH} ${HOP}`, session: EBGP, verdict: 'withdraw' },
  { what: 'next hop 0.0.0.1', attributes: `${ORIGIN} ${PATH} 40 03 04 00000001`, session: EBGP, verdict: 'withdraw' },
  { what: 'next hop 127.0.0.1', attributes: `${ORIGIN} ${PATH} 40 03 04 7f000001`, session: EBGP, verdict: 'withdraw' },
  { what: 'next hop 224.0.0.1', attributes: `${ORIGIN} ${PATH} 40 03 04 e0000001`, session: EBGP, verdict: 'withdraw' },
  {
    what: 'a confederation’s set from outside',
    attributes: `${ORIGIN} 40 02 06 04 01 0000fde9 ${HOP}`,
    session: EBGP,
    verdict: 'withdraw',
  },
  {
    what: 'a confederation’s sequence from outside',
    attributes: `${ORIGIN} 40 02 06 03 01 0000fde9 ${HOP}`,
    session: EBGP,
    verdict: 'withdraw',
  },
  // GoBGP resets; BIRD withdraws, and RFC 7606 §3 has the same aim.
  {
    what: 'an unknown well-known attribute',
    attributes: `${EXTERNAL} 40 1e 01 01`,
    session: EBGP,
    verdict: 'withdraw',
  },
  // One octet where OpenBGPD's tests put one.
  ...(
    [
      ['AGGREGATOR', '07', 'discard'],
      ['COMMUNITIES', '08', 'withdraw'],
      ['EXTENDED_COMMUNITIES', '10', 'withdraw'],
      ['LARGE_COMMUNITY', '20', 'withdraw'],
      ['ONLY_TO_CUSTOMER', '23', 'withdraw'],
    ] as const
  ).map(([what, type, verdict]): Row => {
    return { what: `${what} of one octet`, attributes: `${EXTERNAL} c0 ${type} 01 02`, session: EBGP, verdict };
  }),
  // AS 0 (RFC 7607), and an old speaker's view of it.
  {
    what: 'AS 0 in the path',
    attributes: `${ORIGIN} 40 02 0e 02 03 0000fde9 00000000 0000fbf9 ${HOP}`,
    session: EBGP,
    verdict: 'withdraw',
  },
  {
    what: 'AGGREGATOR with AS 0',
    attributes: `${EXTERNAL} c0 07 08 00000000 7f000001`,
    session: EBGP,
    verdict: 'discard',
  },
  {
    what: 'AS4_PATH with AS 0',
    attributes: `${ORIGIN} 40 02 08 02 03 fde9 5ba0 fbf9 ${HOP} c0 11 0e 02 03 0000fde9 00000000 0000fbf9`,
    session: { ...EBGP, fourOctetAs: false },
    verdict: 'discard',
  },
  {
    what: 'AS4_AGGREGATOR with AS 0',
    attributes: `${ORIGIN} 40 02 06 02 02 fde9 fbf9 ${HOP} c0 07 06 5ba0 7f000001 c0 12 08 00000000 7f000001`,
    session: { ...EBGP, fourOctetAs: false },
    verdict: 'discard',
  },
  // AS_PATH with two octets an AS.
  ...(
    [
      ['seq(8466 3 52737 4096)', '02 04 2112 0003 ce01 1000', 'accept'],
      ['seq(8722) seq(4)', '02 01 2212 02 01 0004', 'accept'],
      ['seq(8482 51457) set(5204)', '02 02 2122 c901 01 01 1454', 'accept'],
      ['set with the same AS three times', '02 01 2112 01 04 1bbb 1fd9 1fd9 1fd9', 'accept'],
      ['the empty path', '', 'accept'],
      ['a segment of no AS, and more', '02 00 2112 0003 ce01 1000 0d80', 'withdraw'],
      ['a segment of no AS, and a good one', '02 00 2112 0003 ce01 02 02 1000 0d80', 'withdraw'],
      ['a segment of type 8', '08 02 1000 0d80', 'withdraw'],
      ['AS 0 inside (RFC 7607)', '02 05 2112 0003 ce01 0000 1000', 'withdraw'],
      ['fewer AS numbers than it says', '02 02 ffdc', 'withdraw'],
    ] as const
  ).map(([what, value, verdict]): Row => {
    const length = hex(value).length.toString(16).padStart(2, '0');
    const attributes = `${ORIGIN} 40 02 ${length} ${value} ${HOP} 40 05 04 00000064`;
    return { what: `AS_PATH: ${what}`, attributes, session: { fourOctetAs: false }, verdict };
  }),
  // MP_REACH_NLRI.
  { what: 'IPv6, one prefix', attributes: reach(`0002 01 10 ${GLOBAL} 00 20 20010db8`), nlri: '', verdict: 'accept' },
  {
    what: 'IPv6, two prefixes and the default',
    attributes: reach(`0002 01 10 ${GLOBAL} 00 ${TWO} 00`),
    nlri: '',
    verdict: 'accept',
  },
  {
    what: 'IPv6, both next hops',
    attributes: reach(`0002 01 20 ${GLOBAL} ${LOCAL} 00 ${TWO} 00`),
    nlri: '',
    verdict: 'accept',
  },
  {
    what: 'IPv6, a next hop of four octets',
    attributes: reach(`0002 01 04 ${GLOBAL} ${LOCAL} 00 ${TWO}`),
    nlri: '',
    verdict: 'reset',
  },
  {
    what: 'IPv6, a next hop of five octets',
    attributes: reach(`0002 01 05 ${GLOBAL} ${LOCAL} 00 ${TWO}`),
    nlri: '',
    verdict: 'reset',
  },
  {
    what: 'IPv6, a next hop beyond the attribute',
    attributes: reach(`0002 01 20 ${GLOBAL}`),
    nlri: '',
    verdict: 'reset',
  },
  {
    what: 'IPv6, the second next hop not counted',
    attributes: reach(`0002 01 10 ${GLOBAL} ${LOCAL} 00 20 fdfe0102 40 fdfe000100020003 00`),
    nlri: '',
    verdict: 'reset',
  },
  {
    what: 'IPv6, a prefix longer than the rest',
    attributes: reach(`0002 01 20 ${GLOBAL} ${LOCAL} 00 78 20010db8 40 20010db8 00`),
    nlri: '',
    verdict: 'reset',
  },
  {
    what: 'IPv6, no prefix at all',
    attributes: reach(`0002 01 20 ${GLOBAL} ${LOCAL} 00`),
    nlri: '',
    verdict: 'accept',
  },
  {
    what: 'IPv4 by MP_REACH_NLRI',
    attributes: reach('0001 01 04 c0a80001 00 10 0a01 11 0a0203 00'),
    nlri: '',
    verdict: 'accept',
  },
  {
    what: 'IPv4, a next hop beyond the attribute',
    attributes: reach('0001 01 20 c0a80001 00 10 0a01 11 0a0203 00'),
    nlri: '',
    verdict: 'reset',
  },
  {
    what: 'IPv4, a prefix beyond the attribute',
    attributes: reach('0001 01 04 c0a80001 00 10 0a01 1e 0a00'),
    nlri: '',
    verdict: 'reset',
  },
  // Families that were not negotiated are nothing to us, right or wrong.
  ...[
    '0001 80 0c 0000000000000000 c0a80001 00 68 000102 0000 0002 00ff0304 0a01',
    '0001 80 0c 0000000000000000 c0a80001 00 10 0a01 11 0a0203 00',
    '0001 80 0c 0000000000000000 c0a80001 00 59 000102 0000 0002 00ff0304 0a01',
    '0001 85 00 00 06 01 1e 1e 28 28 00',
    '0002 85 00 00 28 01 80 00 2a0229b8 1925 0000 0000 0000 0000 2e69 02 40 00 beeff00e 00000000 03 81 06 0c 00 04 00 80 08',
  ].map(
    (value): Row => ({
      what: `not negotiated: ${value.slice(0, 7)}`,
      attributes: reach(value),
      nlri: '',
      verdict: 'discard',
    }),
  ),
  // MP_UNREACH_NLRI.
  { what: 'IPv6 withdrawn', attributes: multiprotocol(15, `0002 01 ${TWO} 00`), nlri: '', verdict: 'accept' },
  {
    what: 'IPv6 withdrawn, a prefix longer than the rest',
    attributes: multiprotocol(15, '0002 01 78 20010db8 40 20010db8 00'),
    nlri: '',
    verdict: 'reset',
  },
  {
    what: 'IPv4 withdrawn',
    attributes: multiprotocol(15, '0001 01 10 0a01 11 0a0203 00'),
    nlri: '',
    verdict: 'accept',
  },
  {
    what: 'IPv4 withdrawn, a prefix beyond the attribute',
    attributes: multiprotocol(15, '0001 01 10 0a01 1e 0a00'),
    nlri: '',
    verdict: 'reset',
  },
  {
    what: 'a flow withdrawn',
    attributes: multiprotocol(15, '0001 85 06 01 1e 1e 28 28 00'),
    nlri: '',
    verdict: 'discard',
  },
];

t.test('messages of other implementations’ tests get the verdict of the RFCs', async (t) => {
  for (const { what, attributes, nlri = '18 0a0000', session = {}, verdict } of ROWS) {
    const view = createUpdateView();
    const errors = decode(update(attributes, nlri), view, session);
    t.equal(strongestError(errors)?.action ?? 'accept', verdict, `${what}: ${errors.map(({ reason }) => reason)}`);
  }
});

t.test('of a repeated MULTI_EXIT_DISC the first counts', async (t) => {
  const view = createUpdateView();
  decode(update(`${INTERNAL} 80 04 04 0000000a 80 04 04 00000014`, '18 0a0000'), view);
  t.same(prefixes(view.announced4), ['10.0.0.0/24']);
  t.notOk(view.treatAsWithdraw);
});

/** Capabilities as they stand in an OPEN: its verdict, as BIRD and FRR have it. */
const CAPABILITIES: readonly (readonly [what: string, capabilities: string, verdict: 'accept' | 'reset'])[] = [
  ['ROUTE-REFRESH', '02 00', 'accept'],
  ['ROUTE-REFRESH with padding', '02 02 0000', 'accept'],
  ['a header and no value', '01 0a', 'reset'],
  ['outbound route filters, which we have not', '03 07 00010001 01 4003', 'accept'],
  ['several of them, with other numbers of entries', '03 09 00010001 04 4003 8001', 'accept'],
  ['IPv4', '01 04 00010001', 'accept'],
  ['an unknown family', '01 04 000a0081', 'accept'],
  ['a family in two octets, and more', '01 02 0001 0001', 'reset'],
  ['a family in six octets of four', '01 06 00010001', 'reset'],
  ['a family in six octets', '01 06 00010001 0000', 'reset'],
  ['no family', '01 00', 'reset'],
  ['four-octet AS', '41 04 abcdef12', 'accept'],
  ['four-octet AS of three octets', '41 03 abcdef', 'reset'],
  ['four-octet AS of five octets', '41 05 abcdef1212', 'reset'],
  ['four-octet AS of none', '41 00', 'reset'],
  ['graceful restart', '40 0e f112 0001010f 00020100 00020201', 'accept'],
  ['graceful restart that ends within a family', '40 0d f112 0001010f 00020100 000202', 'reset'],
  ['graceful restart beyond the end', '40 0f f112 0001010f 00020100 00020201', 'reset'],
  ['graceful restart of none', '40 00', 'reset'],
  ['ADD-PATH', '45 04 00010103', 'accept'],
  ['ADD-PATH with an unknown mode', '45 04 00010109', 'accept'],
  ['ADD-PATH that ends within a family', '45 03 000101', 'reset'],
  ['extended next hop', '05 06 0001 0001 0002', 'accept'],
  ['extended next hop that ends within a family', '05 05 0001 0001 00', 'reset'],
  ['dynamic capabilities, which we have not', '42 00', 'accept'],
  ['a version of software', '4b 20 1f 4578614247502f6d61696e2d633261326561386562642d3230323430373135', 'accept'],
];

t.test('an OPEN is refused where two ends would read each other’s messages differently', async (t) => {
  for (const [what, text, verdict] of CAPABILITIES) {
    const capabilities = hex(text);
    const head = [4, 0xfd, 0xe8, 0, 90, 10, 0, 0, 2, capabilities.length + 2, 2, capabilities.length];
    const bytes = frame(MESSAGE.OPEN, Uint8Array.from([...head, ...capabilities]));
    const open = decodeOpen(bytes, 0, bytes.length);
    t.equal(open.kind === 'open' ? 'accept' : 'reset', verdict, what);
    if (open.kind === 'malformed') t.match(open.error, { code: 2, subcode: 0 }, what);
  }
});
