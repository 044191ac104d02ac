import fc from 'fast-check';
import t from 'tap';
import { ByteReader, OutOfBytes } from '../../../src/base/index.ts';
import { ROUTE_ADD, type Route } from '../../../src/netlink/index.ts';
import { HEADER_LENGTH } from '../../../src/netlink/wire/message.ts';
import { decodeRoute } from '../../../src/netlink/wire/route.ts';
import { RouteColumnsReader } from '../../../src/netlink/wire/route-columns.ts';
import { routeChanges } from '../../fakes/route-changes.ts';
import { encodeRoute } from './route-request.ts';

const HOPS = [
  { via: '10.0.0.2', dev: 2 },
  { via: 'fd00::2', dev: 3, weight: 7 },
];
const BASE = { family: 4, kind: 'unicast', protocol: 80, table: 254, destination: '10.1.2.0/26' } as const;
const SAMPLES: readonly Route[] = [
  { ...BASE, nextHops: [{ dev: 2 }] },
  { ...BASE, nextHops: [{ via: '10.0.0.2', dev: 2 }], metric: 9, mtu: 1400 },
  { ...BASE, nextHops: HOPS, destination: '0.0.0.0/0' },
  { ...BASE, nextHops: [], kind: 'blackhole', table: 1000 },
];
const bodies = SAMPLES.map((route) => encodeRoute(ROUTE_ADD, route).subarray(HEADER_LENGTH));

const reader = (bytes: Uint8Array) => new ByteReader(bytes, 0, bytes.length, true);

/** What a decoder makes of it, or that it refused. */
function outcome<T>(work: () => T): T | 'refused' {
  try {
    return work();
  } catch (error) {
    if (error instanceof RangeError || error instanceof OutOfBytes) return 'refused';
    throw error;
  }
}

t.test('columns say of any body what the decoder says, also of ones that look like those before', async (t) => {
  const change = fc.tuple(fc.nat(60), fc.integer({ min: 0, max: 255 }));
  const changed = fc.tuple(
    fc.constantFrom(...bodies),
    fc.array(change, { maxLength: 3 }),
    fc.integer({ min: 8, max: 200 }),
  );
  fc.assert(
    fc.property(fc.array(changed, { minLength: 1, maxLength: 12 }), (list) => {
      const columns = new RouteColumnsReader({ family: 4 }, 1);
      const expected: Route[] = [];
      for (const [sample, changes, length] of list) {
        const bytes = sample.slice(0, length);
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        const route = outcome(() => decodeRoute(reader(bytes)));
        if (outcome(() => columns.add(reader(bytes))) === 'refused') {
          if (route !== 'refused') return false;
        } else if (route !== 'refused' && route !== undefined && route.family === 4 && route.table === 254) {
          expected.push(route);
        }
      }
      const { count, infoIndex, infos, lengths } = columns.finish();
      if (count !== expected.length) return false;
      return expected.every(({ family: _, destination, ...info }, entry) => {
        const same = JSON.stringify(infos[infoIndex[entry]]) === JSON.stringify(info);
        return same && lengths[entry] === Number(destination.split('/')[1]);
      });
    }),
    { seed: 20240609, numRuns: 2000 },
  );
  t.pass();
});

t.test('a thousand routes of two ways share two infos', async (t) => {
  const columns = new RouteColumnsReader({ family: 4 }, 1);
  const places = Array.from({ length: 1000 }, (_, entry) => `10.${entry >> 8}.${entry & 255}.0/24`);
  for (const [entry, destination] of places.entries()) {
    const route: Route = { ...BASE, destination, nextHops: [HOPS[entry % 2]] };
    columns.add(reader(encodeRoute(ROUTE_ADD, route).subarray(HEADER_LENGTH)));
  }
  const { count, infos, addresses } = columns.finish();
  const info = { kind: 'unicast', protocol: 80, table: 254, nextHops: [] } as const;
  const expected = routeChanges(
    4,
    places.map((place) => [ROUTE_ADD, place, info]),
  );
  t.equal(count, 1000);
  t.equal(infos.length, 2);
  t.same([...addresses.subarray(0, 1000)], [...expected.addresses]);
});
