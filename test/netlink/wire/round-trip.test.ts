import { deepStrictEqual } from 'node:assert';
import fc from 'fast-check';
import t from 'tap';
import { type ByteReader, formatAddress, formatPrefix, parsePrefix } from '../../../src/base/index.ts';
import {
  type InterfaceAddressSpec,
  type LinkSpec,
  type Neighbor,
  ROUTE_ADD,
  type Route,
  type RouteType,
  type RoutingRule,
  type WireguardChange,
} from '../../../src/netlink/index.ts';
import { decodeAddress, encodeAddressAdd } from '../../../src/netlink/wire/address.ts';
import { decodeLink, encodeLinkAdd, encodeLinkSet } from '../../../src/netlink/wire/link.ts';
import { forEachMessage } from '../../../src/netlink/wire/message.ts';
import { decodeNeighbor, encodeNeighborAdd } from '../../../src/netlink/wire/neighbor.ts';
import { decodeRoute } from '../../../src/netlink/wire/route.ts';
import { decodeRule, encodeRuleAdd } from '../../../src/netlink/wire/rule.ts';
import {
  decodeFilter,
  decodeQdisc,
  encodeQdiscReplace,
  encodeRedirectAdd,
} from '../../../src/netlink/wire/traffic-control.ts';
import { decodeWireguard, encodeWireguardSet, joinWireguard } from '../../../src/netlink/wire/wireguard.ts';
import { encodeRoute } from './route-request.ts';

const SEED = { seed: 20240607, numRuns: 300 };

/** Reads back what was encoded, as if the kernel had sent it. */
function reread<T>(message: Uint8Array, decode: (body: ByteReader) => T): T | undefined {
  let read: T | undefined;
  forEachMessage(message, ({ body }) => {
    read = decode(body);
  });
  return read;
}

/** What was read has at least what was written: the kernel's own fields come with it. */
function holds(read: object | undefined, written: object): void {
  const seen = new Map(Object.entries(read ?? {}));
  equals(Object.fromEntries(Object.keys(written).map((key) => [key, seen.get(key)])), written);
}

/** By value: fast-check makes objects without a prototype. */
function equals(read: unknown, written: object): void {
  deepStrictEqual(structuredClone(read), structuredClone(written));
}

const v4 = fc.bigInt({ min: 1n, max: 0xffffffffn }).map((value) => formatAddress({ family: 4, value }));
const v6 = fc.bigInt({ min: 1n << 32n, max: (1n << 128n) - 1n }).map((value) => formatAddress({ family: 6, value }));
const cidr4 = fc
  .tuple(v4, fc.integer({ min: 0, max: 32 }))
  .map(([at, length]) => formatPrefix(parsePrefix(`${at}/${length}`)));
const cidr6 = fc
  .tuple(v6, fc.integer({ min: 0, max: 128 }))
  .map(([at, length]) => formatPrefix(parsePrefix(`${at}/${length}`)));
const mac = fc
  .uint8Array({ minLength: 6, maxLength: 6 })
  .map((bytes) => Buffer.from(bytes).toString('hex').match(/../g)!.join(':'));
const name = fc.stringMatching(/^[a-z][a-z0-9.]{0,13}$/);
const index = fc.integer({ min: 1, max: 1_000_000 });
const u32 = fc.integer({ min: 0, max: 0xffffffff });

function routes(family: 4 | 6): fc.Arbitrary<Route> {
  const address = family === 4 ? v4 : v6;
  const how = {
    protocol: fc.integer({ min: 0, max: 255 }),
    table: fc.integer({ min: 1, max: 0xffffffff }),
    scope: fc.constantFrom('global', 'link', 'host', 'site', 'nowhere'),
    family: fc.constant(family),
    destination: family === 4 ? cidr4 : cidr6,
  } as const;
  const extra = { metric: u32, source: address, mtu: fc.integer({ min: 68, max: 65535 }) };
  const single = fc.record({ via: fc.oneof(address, v6), dev: index }).map((hop) => [hop]);
  const direct = fc.record({ dev: index, onlink: fc.constant(true) }).map((hop) => [hop]);
  const member = fc.record({ dev: index, via: address, weight: fc.integer({ min: 1, max: 256 }) });
  const several = fc.array(member, { minLength: 2, maxLength: 8 });
  const dead = fc.constantFrom<RouteType[]>('blackhole', 'unreachable', 'prohibit', 'throw');
  const base = fc.record(
    { ...how, ...extra },
    { requiredKeys: ['protocol', 'table', 'scope', 'family', 'destination'] },
  );
  return fc.oneof(
    fc
      .tuple(base, fc.oneof(single, direct, several))
      .map(([route, nextHops]): Route => ({ ...route, kind: 'unicast', nextHops })),
    fc.tuple(base, dead).map(([route, kind]): Route => ({ ...route, kind, nextHops: [] })),
  );
}

t.test('routes of both families read back as they were written', async (t) => {
  for (const family of [4, 6] as const) {
    fc.assert(
      fc.property(routes(family), (route) => {
        equals(reread(encodeRoute(ROUTE_ADD, route), decodeRoute), route);
      }),
      { ...SEED, numRuns: 150 },
    );
  }
  t.pass();
});

t.test('links read back as they were written', async (t) => {
  const vxlan = fc.record({
    vni: fc.integer({ min: 1, max: 0xffffff }),
    port: fc.integer({ min: 1, max: 65535 }),
    local: fc.oneof(v4, v6),
    parentIndex: index,
    learning: fc.boolean(),
  });
  const mtu = fc.integer({ min: 68, max: 65535 });
  const specs: fc.Arbitrary<LinkSpec> = fc.oneof(
    fc.record({ kind: fc.constantFrom('bridge', 'dummy', 'ipip', 'ifb', 'wireguard'), name, mtu }),
    fc.record({ kind: fc.constant('vxlan'), name, mtu, mac, vxlan }),
    fc.record({ kind: fc.constant('veth'), name, peerName: name, mtu, mac, peerMac: mac }),
  );
  fc.assert(
    fc.property(specs, (spec) => {
      const { peerName: _, peerMac: __, ...link } = { peerName: '', peerMac: '', ...spec };
      holds(reread(encodeLinkAdd(spec), decodeLink), link);
    }),
    SEED,
  );
  fc.assert(
    fc.property(
      index,
      fc.record({ up: fc.boolean(), name, mtu, mac, masterIndex: index, alias: name }, { requiredKeys: [] }),
      (at, change) => {
        holds(reread(encodeLinkSet(at, change), decodeLink), { index: at, ...change });
      },
    ),
    SEED,
  );
  t.pass();
});

t.test('addresses read back as they were written', async (t) => {
  const address = fc.oneof(
    fc.tuple(v4, fc.integer({ min: 0, max: 32 })).map(([at, length]) => `${at}/${length}`),
    fc.tuple(v6, fc.integer({ min: 0, max: 128 })).map(([at, length]) => `${at}/${length}`),
  );
  const scope = fc.constantFrom<NonNullable<InterfaceAddressSpec['scope']>[]>('global', 'link', 'host');
  fc.assert(
    fc.property(address, scope, index, (text, where, at) => {
      const entry = { dev: 'eth0', address: text, scope: where };
      holds(reread(encodeAddressAdd(entry, at), decodeAddress), { index: at, address: text, scope: where });
    }),
    SEED,
  );
  t.pass();
});

t.test('rules read back as they were written', async (t) => {
  const common = { priority: u32, table: fc.integer({ min: 1, max: 0xffffffff }) };
  const extra = { mark: u32, invert: fc.constant(true), incoming: name };
  const requiredKeys = ['family', 'priority', 'table'] as const;
  const rules: fc.Arbitrary<RoutingRule> = fc.oneof(
    fc.record(
      { family: fc.constant(4), ...common, ...extra, source: cidr4, destination: cidr4 },
      { requiredKeys: [...requiredKeys] },
    ),
    fc.record(
      { family: fc.constant(6), ...common, ...extra, source: cidr6, destination: cidr6 },
      { requiredKeys: [...requiredKeys] },
    ),
    fc.record({ family: fc.constant(4), ...common, mark: u32, mask: fc.integer({ min: 0, max: 0xfffffffe }) }),
  );
  fc.assert(
    fc.property(rules, (rule) => {
      equals(reread(encodeRuleAdd(rule), decodeRule), rule);
    }),
    SEED,
  );
  t.pass();
});

t.test('neighbours and forwarding entries read back as they were written', async (t) => {
  const entries: fc.Arbitrary<Omit<Neighbor, 'dev'>> = fc.oneof(
    fc.record({
      destination: v4,
      mac,
      family: fc.constant(4),
      state: fc.constantFrom('permanent', 'reachable', 'noarp'),
    }),
    fc.record({ destination: v6, mac, family: fc.constant(6), state: fc.constant('stale') }),
    fc.record({ destination: fc.oneof(v4, v6), mac, fdb: fc.constant(true), state: fc.constant('permanent') }),
    fc.record({
      destination: v6,
      mac: fc.constant(''),
      family: fc.constant(6),
      proxy: fc.constant(true),
      state: fc.constant('permanent'),
    }),
  );
  fc.assert(
    fc.property(entries, index, (entry, at) => {
      equals(reread(encodeNeighborAdd({ dev: 'x', ...entry }, at), decodeNeighbor), { index: at, ...entry });
    }),
    SEED,
  );
  t.pass();
});

t.test('qdiscs and redirections read back as they were written', async (t) => {
  const rate = fc.oneof(fc.integer({ min: 1, max: 0xffffffff }), fc.integer({ min: 0x100000000, max: 2 ** 50 }));
  const peak = fc.record({ rate, buffer: u32 });
  const bucket = fc.record({ rate, buffer: u32, limit: u32, peak }, { requiredKeys: ['rate', 'buffer', 'limit'] });
  const handle = fc.integer({ min: 1, max: 0xfffe }).map((major) => `${major.toString(16)}:`);
  fc.assert(
    fc.property(bucket, handle, index, (given, its, at) => {
      const spec = { kind: 'tbf', dev: 'x', handle: its, bucket: given } as const;
      const read = { index: at, kind: 'tbf', parent: 'root', handle: its, bucket: given };
      equals(reread(encodeQdiscReplace(spec, at), decodeQdisc), read);
    }),
    SEED,
  );
  const ingress = { kind: 'ingress', parent: 'ingress', handle: 'ffff:' };
  equals(reread(encodeQdiscReplace({ kind: 'ingress', dev: 'x' }, 7), decodeQdisc), { index: 7, ...ingress });
  fc.assert(
    fc.property(index, index, fc.integer({ min: 1, max: 0xffff }), (at, to, priority) => {
      const message = encodeRedirectAdd({ dev: 'x', to: 'y', priority }, at, to);
      t.equal(reread(message, decodeFilter), undefined, 'without a handle it is a table');
      const numbered = message.with(24, 1);
      equals(reread(numbered, decodeFilter), { index: at, kind: 'u32', priority, redirect: to });
    }),
    { ...SEED, numRuns: 50 },
  );
  const spec = { kind: 'tbf', dev: 'x', bucket: { rate: 1, buffer: 1, limit: 1 } } as const;
  t.throws(() => encodeQdiscReplace({ ...spec, handle: 'eighty' }, 1), { message: /^handle 'eighty'/ });
});

const key = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('base64'));
const port = fc.integer({ min: 1, max: 65535 });
const endpoint = fc.oneof(
  fc.tuple(v4, port).map(([at, number]) => `${at}:${number}`),
  fc.tuple(v6, port).map(([at, number]) => `[${at}]:${number}`),
);

t.test('WireGuard devices are read as they were written, in however many messages', async () => {
  const peer = fc.record({
    publicKey: key,
    endpoint,
    keepalive: fc.integer({ min: 0, max: 65535 }),
    allowedIps: fc.array(fc.oneof(cidr4, cidr6), { maxLength: 50 }),
  });
  const longest = fc.constantFrom(1, 40, 2100);
  fc.assert(
    fc.property(port, u32, fc.array(peer, { maxLength: 80 }), longest, (listenPort, mark, peers, times) => {
      const [first, ...rest] = peers;
      const long = first && { ...first, allowedIps: Array.from({ length: times }, () => '10.0.0.0/26') };
      const written: WireguardChange = { listenPort, mark, peers: long === undefined ? [] : [long, ...rest] };
      const messages = encodeWireguardSet(30, 'wireguard.cali', written);
      if (messages.some(({ length }) => length > 65535)) throw new Error('a list is longer than its length can say');
      const read = joinWireguard(messages.flatMap((message) => reread(message, decodeWireguard) ?? []));
      equals(
        read.peers.map(({ latestHandshake: _, receivedBytes: __, sentBytes: ___, ...told }) => told),
        written.peers ?? [],
      );
      equals({ listenPort: read.listenPort, mark: read.mark }, { listenPort, mark });
    }),
    { ...SEED, numRuns: 30 },
  );
});

t.test('a wrong WireGuard key, address or endpoint is named, and a private key never repeated', async (t) => {
  const publicKey = Buffer.alloc(32, 1).toString('base64');
  const wrong: Readonly<Record<string, WireguardChange>> = {
    privateKey: { privateKey: 'secret' },
    publicKey: { peers: [{ publicKey: 'AAAA' }] },
    endpoint: { peers: [{ publicKey, endpoint: '192.0.2.1' }] },
    allowedIps: { peers: [{ publicKey, allowedIps: ['10.0.0.1'] }] },
  };
  for (const [field, change] of Object.entries(wrong)) {
    const error = t.throws(() => encodeWireguardSet(30, 'x', change), { code: 'PARSE', field }) as Error;
    t.notMatch(error.message, 'secret');
  }
});
