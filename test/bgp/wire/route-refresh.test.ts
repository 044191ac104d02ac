import t from 'tap';
import { decodeRouteRefresh, encodeRouteRefresh } from '../../../src/bgp/wire/index.ts';
import { hex, toHex } from './wire.ts';

const HEADER = `${'ff'.repeat(16)} 0017 05`;

t.test('the three subtypes read and write', async (t) => {
  const cases = [
    ['0001 00 01', 1, 'request'],
    ['0002 01 01', 2, 'begin'],
    ['0002 02 01', 2, 'end'],
  ] as const;
  for (const [body, afi, subtype] of cases) {
    const bytes = hex(HEADER + body);
    t.equal(toHex(encodeRouteRefresh(afi, 1, subtype)), toHex(bytes));
    t.same(decodeRouteRefresh(bytes, 0, bytes.length), { kind: 'route-refresh', afi, safi: 1, subtype });
  }
});

t.test('a subtype nobody defined is left to be ignored', async (t) => {
  const bytes = hex(`${HEADER} 0001 09 01`);
  t.match(decodeRouteRefresh(bytes, 0, bytes.length), { kind: 'route-refresh', subtype: undefined });
});

t.test('a wrong length is answered with the whole message (RFC 7313 §5)', async (t) => {
  const whole = hex(`${HEADER} 0001 01 01 00`);
  for (const end of [19, 20, 21, 22, 24]) {
    const result = decodeRouteRefresh(whole, 0, end);
    if (result.kind !== 'malformed') t.fail(`length ${end}`);
    else t.same(result.error, { code: 7, subcode: 1, data: whole.slice(0, end) }, `length ${end}`);
  }
});

t.test('filters behind a request are passed over', async (t) => {
  const bytes = hex(`${HEADER} 0001 00 01 01 40 0000`);
  t.match(decodeRouteRefresh(bytes, 0, bytes.length), { kind: 'route-refresh', subtype: 'request' });
});
