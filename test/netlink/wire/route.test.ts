import t from 'tap';
import { ROUTE_ADD, ROUTE_DELETE, ROUTE_REPLACE, type Route } from '../../../src/netlink/index.ts';
import { encodeRouteTemplate, ROUTE_ADDRESS_AT, ROUTE_LENGTH_AT } from '../../../src/netlink/wire/route.ts';
import { encodeRoute } from './route-request.ts';

const route: Route = {
  family: 4,
  destination: '10.1.2.64/26',
  kind: 'unicast',
  protocol: 80,
  table: 254,
  nextHops: [{ via: '192.0.2.1', dev: 7 }],
};

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

t.test('a route in bytes, field by field', async (t) => {
  t.equal(
    hex(encodeRoute(ROUTE_ADD, route)),
    [
      '34000000 1800 0106 00000000 00000000', // 52 bytes, RTM_NEWROUTE, REQUEST|EXCL|CREATE
      '02 1a 00 00 fe 50 00 01 00000000', // AF_INET, /26, main, protocol 80, global, unicast
      '0800 0100 0a010240', // RTA_DST
      '0800 0400 07000000', // RTA_OIF
      '0800 0500 c0000201', // RTA_GATEWAY
    ]
      .join('')
      .replaceAll(' ', ''),
  );
});

t.test('the flags of each verb', async (t) => {
  const flags = (verb: number) => Buffer.from(encodeRoute(verb, route)).readUInt16LE(6);
  t.equal(flags(ROUTE_ADD), 0x601);
  t.equal(flags(ROUTE_REPLACE), 0x501);
  t.equal(flags(ROUTE_DELETE), 0x001);
  t.throws(() => flags(9), { message: 'unknown route verb 9' });
});

t.test('a deletion says whose route and which, and no way out', async (t) => {
  const bytes = encodeRoute(ROUTE_DELETE, { ...route, metric: 100, mtu: 1400, source: '10.0.0.1' });
  t.equal(hex(bytes.subarray(16)), '021a0000fe50ff0100000000080001000a0102400800060064000000');
});

t.test('a template differs from the whole request in length and address alone', async (t) => {
  for (const [family, destination] of [
    [4, '10.1.2.64/26'],
    [6, 'fd00:1:2::/48'],
  ] as const) {
    const hops = [{ via: family === 4 ? '192.0.2.1' : 'fd00::1', dev: 7 }];
    const whole = encodeRoute(ROUTE_ADD, { ...route, family, destination, nextHops: hops });
    const template = encodeRouteTemplate(ROUTE_ADD, family, { ...route, nextHops: hops });
    whole[ROUTE_LENGTH_AT] = 0;
    whole.fill(0, ROUTE_ADDRESS_AT, ROUTE_ADDRESS_AT + (family === 4 ? 4 : 16));
    t.equal(hex(whole), hex(template));
  }
});

t.test('what is of the wrong family is refused by name', async (t) => {
  t.throws(() => encodeRoute(ROUTE_ADD, { ...route, destination: 'fd00::/64' }), { message: /^destination/ });
  t.throws(() => encodeRoute(ROUTE_ADD, { ...route, source: 'fd00::1' }), { message: /^source/ });
  t.throws(() => encodeRoute(ROUTE_ADD, { ...route, nextHops: [{ via: 'nonsense' }] }), { message: /^via/ });
});
