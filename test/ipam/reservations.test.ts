import fc from 'fast-check';
import t from 'tap';
import { address, formatPrefix, parseAddress, parsePrefix } from '../../src/base/index.ts';
import { Reservations } from '../../src/ipam/index.ts';
import { newResource } from '../../src/model/index.ts';

const reserve = (...reservedCIDRs: string[]): Reservations =>
  new Reservations([newResource('IPReservation', { name: 'r' }, { reservedCIDRs })]);

t.test('single addresses, CIDRs and IPv6', async (t) => {
  const reservations = reserve('10.0.0.1', '10.0.1.0/24', 'fd00::5');
  for (const [text, reserved] of Object.entries({
    '10.0.0.1': true,
    '10.0.0.2': false,
    '10.0.1.77': true,
    'fd00::5': true,
    'fd00::6': false,
  })) {
    t.equal(reservations.has(parseAddress(text)), reserved, text);
  }
});

t.test('a block may be covered by one reservation or by several together', async (t) => {
  const block = parsePrefix('10.0.0.0/30');
  t.equal(reserve('10.0.0.0/24').coversAll(block), true);
  t.equal(reserve('10.0.0.0/31', '10.0.0.2', '10.0.0.3').coversAll(block), true);
  t.equal(reserve('10.0.0.0/31', '10.0.0.3').coversAll(block), false);
  t.equal(reserve('10.0.0.4/30').touches(block), false);
});

t.test('reserved addresses are counted once, however the reservations overlap', async (t) => {
  const cidr = fc.tuple(fc.nat(31), fc.integer({ min: 27, max: 32 })).map(([last, length]) => {
    const net = parsePrefix(`10.0.0.${last}/${length}`);
    return formatPrefix(net);
  });
  const block = parsePrefix('10.0.0.8/29');
  fc.assert(
    fc.property(fc.array(cidr, { maxLength: 6 }), (cidrs) => {
      const reservations = reserve(...cidrs);
      const each = Array.from({ length: 8 }, (_, at) => reservations.has(address(4, block.value + BigInt(at))));
      return reservations.countIn(block) === BigInt(each.filter(Boolean).length);
    }),
    { seed: 20260106 },
  );
  t.pass();
});
