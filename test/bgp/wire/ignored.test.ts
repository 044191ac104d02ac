import t from 'tap';
import type { Negotiated } from '../../../src/bgp/contract.ts';
import { createUpdateView, decodeUpdate, strongestError } from '../../../src/bgp/wire/index.ts';
import { decode, EBGP, prefixes, session, update } from './wire.ts';

const BASE = '40 01 01 00 40 02 06 02 01 0000fde9';
const NEXT_HOP6 = `20010db8 ${'00'.repeat(11)} 09`;
const REACH6 = `80 0e 1c 0002 01 10 ${NEXT_HOP6} 00 30 20010db80079`;
const UNREACH6 = '80 0f 0a 0002 01 30 20010db80079';

/** Every way in which NEXT_HOP can be wrong, and right ones too. */
const NEXT_HOPS: Readonly<Record<string, string>> = {
  good: '40 03 04 0a000002',
  zero: '40 03 04 00000000',
  loopback: '40 03 04 7f000001',
  multicast: '40 03 04 e0000001',
  broadcast: '40 03 04 ffffffff',
  empty: '40 03 00',
  short: '40 03 03 0a0000',
  'of an IPv6 address': `40 03 10 ${NEXT_HOP6}`,
  optional: 'c0 03 04 0a000002',
  'not transitive': '00 03 04 0a000002',
  repeated: '40 03 04 0a000002 40 03 00',
};

const view = createUpdateView();

t.test('NEXT_HOP beside MP_* and without IPv4 NLRI is ignored, whatever is in it (RFC 4760 §3)', async (t) => {
  for (const [name, nextHop] of Object.entries(NEXT_HOPS)) {
    for (const but of [{}, EBGP]) {
      t.same(decode(update(`${BASE} ${nextHop} ${REACH6}`), view, but), [], name);
      t.same(prefixes(view.mpAnnounced), ['20010db8:00790000:00000000:00000000/48'], name);
      t.notOk(view.treatAsWithdraw, name);
      t.ok(view.attributesLength > 0, name);
      t.same(decode(update(`${nextHop} ${UNREACH6}`), view, but), [], name);
      t.same(prefixes(view.mpWithdrawn), ['20010db8:00790000:00000000:00000000/48'], name);
    }
  }
});

t.test('it counts as soon as there is IPv4 NLRI, in whatever order such messages come', async (t) => {
  const settled = session();
  const bad = NEXT_HOPS['zero'];
  const messages = {
    ipv6: update(`${BASE} ${bad} ${REACH6}`),
    ipv4: update(`${BASE} ${bad}`, '18 0a0000'),
    both: update(`${BASE} ${bad} ${REACH6}`, '18 0a0000'),
    neither: update(`${BASE} ${bad}`),
  };
  const expected = { ipv6: 'accept', ipv4: 'withdraw', both: 'withdraw', neither: 'reset' };
  const kinds = Object.keys(messages) as (keyof typeof messages)[];
  for (const first of kinds) {
    for (const second of kinds) {
      for (const kind of [first, second, first]) {
        const message = messages[kind];
        const worst = strongestError(decodeUpdate(message, 0, message.length, settled, view));
        t.equal(worst?.action ?? 'accept', expected[kind], `${first}, ${second}: ${kind}`);
        t.equal(view.treatAsWithdraw, expected[kind] === 'withdraw', `${first}, ${second}: ${kind}`);
      }
    }
  }
});

t.test('a lot of smaller errors does not hide one that decides behind them', async (t) => {
  const many = '40 06 01 00'.repeat(20);
  const message = update(`${BASE} ${many} ${NEXT_HOPS['zero']} ${REACH6} c0 08 01 00`);
  t.equal(strongestError(decode(message, view))?.attribute, 8);
  t.ok(view.treatAsWithdraw);
});

t.test('a malformed attribute does not end a session over families that it does not carry', async (t) => {
  const bad = 'c0 08 01 00';
  const ipv4: Partial<Negotiated> = { families: ['ipv4-unicast'] };
  const ipv6: Partial<Negotiated> = { families: ['ipv6-unicast'] };
  const cases: readonly (readonly [name: string, message: Uint8Array, but: Partial<Negotiated>])[] = [
    ['labelled routes', update(`${BASE} ${bad} 80 0e 16 0001 80 0c ${'00'.repeat(12)} 00 20 0a0a0101`), {}],
    ['IPv6 routes', update(`${BASE} ${bad} ${REACH6}`), ipv4],
    ['withdrawn IPv6 routes', update(`${BASE} ${bad} ${UNREACH6}`), ipv4],
    ['IPv4 routes', update(`${BASE} ${bad}`, '18 0a0000'), ipv6],
  ];
  for (const [name, message, but] of cases) {
    const actions = decode(message, view, but).map(({ action }) => action);
    t.same(actions.sort(), ['discard', 'withdraw'], name);
    t.equal(view.announced4.count + view.mpAnnounced.count, 0, name);
  }
  t.equal(strongestError(decode(update(`${BASE} ${bad} ${UNREACH6}`), view))?.action, 'reset', 'one that it carries');
});

/** As NLRI, then what is ignored of it and what is kept. */
const PREFIXES: readonly (readonly [nlri: string, family: 4 | 6, ignored: number, kept: readonly string[]])[] = [
  ['04 e0 08 7f 20 ffffffff', 4, 3, []],
  ['20 00000000 18 7f0001 1c efffffff 0c e0f0', 4, 4, []],
  [
    '00 07 7e 03 e0 04 f0 1f fffffffe 08 00',
    4,
    0,
    ['0.0.0.0/0', '126.0.0.0/7', '224.0.0.0/3', '240.0.0.0/4', '255.255.255.254/31', '0.0.0.0/8'],
  ],
  ['08 0a 08 7f 08 0b 04 e0 08 0c', 4, 2, ['10.0.0.0/8', '11.0.0.0/8', '12.0.0.0/8']],
  [`08 ff 0a fe80 80 ${'00'.repeat(15)}01 80 ${'00'.repeat(16)} 40 fe80000000000000 10 ff02`, 6, 6, []],
  ['00 07 fe 08 fe 09 fe80 0a fec0 10 fd00', 6, 0, ['0', 'fe000000', 'fe000000', 'fe800000', 'fec00000', 'fd000000']],
  ['10 fd01 0a fe80 10 fd02', 6, 1, ['fd010000', 'fd020000']],
];

t.test('prefixes that no host can be in are ignored, with a reason (RFC 4271 §6.3)', async (t) => {
  for (const [nlri, family, ignored, kept] of PREFIXES) {
    const octets = nlri.replaceAll(' ', '').length / 2;
    const reach = `80 0e ${(21 + octets).toString(16).padStart(2, '0')} 0002 01 10 ${NEXT_HOP6} 00 ${nlri}`;
    const message = family === 4 ? update(`${BASE} 40 03 04 0a000002`, nlri) : update(`${BASE} ${reach}`);
    const errors = decode(message, view);
    t.same(
      errors.map(({ action }) => action),
      ignored > 0 ? ['discard'] : [],
      nlri,
    );
    if (ignored > 0) t.match(errors[0].reason, /^prefix ignored: [0-9a-f.:]+\/\d+ is .+/, nlri);
    if (ignored > 1) t.match(errors[0].reason, `and ${ignored - 1} more`, nlri);
    const columns = family === 4 ? view.announced4 : view.mpAnnounced;
    const left = prefixes(columns);
    if (family === 4) t.same(left, kept, nlri);
    else
      t.same(
        left.map((text) => Number.parseInt(text, 16)),
        kept.map((text) => Number.parseInt(text, 16)),
        nlri,
      );
  }
});

t.test('path identifiers stay with their prefixes', async (t) => {
  const but: Partial<Negotiated> = { addPathReceive: ['ipv4-unicast'] };
  decode(update(`${BASE} 40 03 04 0a000002`, '00000001 08 0a 00000002 08 7f 00000003 08 0b'), view, but);
  t.same(prefixes(view.announced4), ['10.0.0.0/8#1', '11.0.0.0/8#3']);
});

t.test('a malformed attribute beside nothing but ignored prefixes does not end the session', async (t) => {
  const message = update(`${BASE} 40 03 04 0a000002 c0 08 01 00`, '08 7f');
  t.equal(strongestError(decode(message, view))?.action, 'withdraw');
});

t.test('next hops: reserved addresses may be hosts, and the global one of two may be missing', async (t) => {
  for (const address of ['f0000001', 'fffffffe', '01000000', 'dfffffff']) {
    t.same(decode(update(`${BASE} 40 03 04 ${address}`, '18 c63364'), view), [], address);
  }
  const both = (first: string, second: string): string => `80 0e 2c 0002 01 20 ${first} ${second} 00 30 20010db80079`;
  const none = '00'.repeat(16);
  const linkLocal = `fe80 ${'00'.repeat(13)} 01`;
  t.same(decode(update(`${BASE} ${both(none, linkLocal)}`), view), []);
  t.same(decode(update(`${BASE} ${both(NEXT_HOP6, linkLocal)}`), view), []);
  t.equal(strongestError(decode(update(`${BASE} ${both(none, none)}`), view))?.action, 'withdraw');
});
