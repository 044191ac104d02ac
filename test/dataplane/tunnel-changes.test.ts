import fc from 'fast-check';
import t from 'tap';
import { Entries, EntriesWriter, same, silentLog, VirtualClock } from '../../src/base/index.ts';
import type { DesiredVtep, DesiredVxlanRoute, DesiredWireguardPeer } from '../../src/calc/index.ts';
import { keyOf, VxlanNeighbors } from '../../src/dataplane/tunnels/neighbors.ts';
import { VxlanPeers } from '../../src/dataplane/tunnels/peers.ts';
import { vtepNeighbors, vtepRoute, vxlanRoute } from '../../src/dataplane/tunnels/render.ts';
import { VxlanWays } from '../../src/dataplane/tunnels/ways.ts';
import { WireguardNodes } from '../../src/dataplane/wireguard/nodes.ts';
import type { Neighbor } from '../../src/netlink/index.ts';

const DEV = 'vxlan.calico';
const DEVICE = { index: 7, parent: 2, life: 1 } as const;
const small = fc.integer({ min: 1, max: 4 });

/** Nodes come, go and take over each other's addresses; read now and then. */
const nodes = fc.array(
  fc.record({
    node: fc.constantFrom('a', 'b', 'c'),
    with: fc.option(fc.tuple(small, small), { nil: undefined }),
    read: fc.boolean(),
  }),
  { maxLength: 30 },
);

function vtep(node: string, [mac, place]: readonly [number, number]): DesiredVtep {
  return { node, underlay: `172.16.0.${place}`, address: `10.0.${mac}.0`, mac: `66:00:00:00:00:0${mac}` };
}

t.test('after any history the kernel is told of just the nodes that there are', async (t) => {
  fc.assert(
    fc.property(nodes, (steps) => {
      const writer = new EntriesWriter<DesiredVtep>(same);
      const neighbors = new VxlanNeighbors(DEV);
      const told = new Map<string, unknown>();
      const read = (): void => {
        for (const key of neighbors.run(writer.commit())) {
          const entry = neighbors.entry(key);
          if (entry === undefined) told.delete(key);
          else told.set(key, entry);
        }
      };
      for (const { node, with: its, read: now } of steps) {
        writer.set(node, its && vtep(node, its));
        if (now) read();
      }
      read();
      const ordered = [...writer.commit()].sort(([a], [b]) => (a < b ? -1 : 1));
      const plain = new Map(
        ordered.flatMap(([, one]) => vtepNeighbors(DEV, one).map((entry) => [keyOf(entry), entry] as const)),
      );
      return told.size === plain.size && [...plain].every(([key, entry]) => same(told.get(key), entry));
    }),
  );
  t.pass();
});

t.test('after any history each CIDR has its route, and in IPv6 each VTEP that others lead through', async (t) => {
  const cidr = fc.constantFrom('fd00::1:0/122', 'fd00::2:0/122', 'fd00::3:0/122');
  const route = fc.option(fc.record({ mode: fc.constantFrom('tunnel' as const, 'subnet' as const), via: small }), {
    nil: undefined,
  });
  fc.assert(
    fc.property(fc.array(fc.record({ cidr, route, read: fc.boolean() }), { maxLength: 30 }), (steps) => {
      const writer = new EntriesWriter<DesiredVxlanRoute>(same);
      const ways = new VxlanWays(6);
      const told = new Map<string, unknown>();
      const read = (): void => {
        for (const one of ways.run(writer.commit())) {
          const how = ways.info(one, DEVICE);
          if (how === undefined) told.delete(one);
          else told.set(one, how);
        }
      };
      for (const { cidr: at, route: to, read: now } of steps) {
        writer.set(at, to && { cidr: at, mode: to.mode, via: `fd00::ff:${to.via}`, why: 'x' });
        if (now) read();
      }
      read();
      const plain = new Map<string, unknown>();
      for (const { cidr: at, mode, via, why } of writer.commit().values()) {
        if (mode === 'tunnel') plain.set(`${via}/128`, vtepRoute(DEVICE.index));
        plain.set(at, vxlanRoute({ cidr: at, mode, via, why }, DEVICE.index, DEVICE.parent));
      }
      const isWhole = same([...new Set(ways.all())].sort(), [...plain.keys()].sort());
      return isWhole && told.size === plain.size && [...plain].every(([key, how]) => same(told.get(key), how));
    }),
  );
  t.pass();
});

t.test('one node among thousands is its own entries, and nothing else', async (t) => {
  const writer = new EntriesWriter<DesiredVtep>(same);
  for (let node = 0; node < 5000; node++) {
    const [high, low] = [node >> 8, (node & 255).toString(16).padStart(2, '0')];
    const mac = `66:00:00:00:0${(high >> 4).toString(16)}:${low}`.replace(
      '66:00',
      `66:${high.toString(16).padStart(2, '0')}`,
    );
    writer.set(`n${node}`, {
      node: `n${node}`,
      underlay: `172.16.${high}.${node & 255}`,
      address: `10.${high}.${node & 255}.0`,
      mac,
    });
  }
  const neighbors = new VxlanNeighbors(DEV);
  t.equal(neighbors.run(writer.commit()).size, 10_000);
  writer.set('n7', { node: 'n7', underlay: '172.17.0.7', address: '10.0.7.0', mac: '66:00:00:00:00:07' });
  t.same([...neighbors.run(writer.commit())].sort(), ['10.0.7.0', 'fdb 66:00:00:00:00:07']);
  t.equal(neighbors.run(writer.commit()).size, 0);
});

t.test('WireGuard’s nodes are elements, however many peers have one address for a moment', async (t) => {
  fc.assert(
    fc.property(nodes, (steps) => {
      const writer = new EntriesWriter<DesiredWireguardPeer>(same);
      const elements = new WireguardNodes();
      for (const { node, with: its, read } of steps) {
        const peer = its && {
          node,
          publicKey: `${its[0]}`,
          endpoint: `172.16.0.${its[1]}:51820`,
          keepalive: 0,
          allowedIps: [],
        };
        writer.set(node, peer);
        if (read) elements.run(writer.commit());
      }
      const found = [...elements.run(writer.commit()).keys()].sort();
      const plain = [...new Set([...writer.commit().values()].map(({ endpoint }) => endpoint.split(':')[0]))].sort();
      return same(found, plain);
    }),
  );
  t.pass();
});

t.test('an entry that somebody removes while it is being written is looked for again', async (t) => {
  const there = new Map<string, Neighbor>();
  let flushes = 1;
  const peers = new VxlanPeers(DEV, {
    clock: new VirtualClock(),
    log: silentLog,
    kernel: {
      neighborList: async ({ fdb }: { fdb?: boolean }) => [...there.values()].filter((entry) => !entry.fdb === !fdb),
      neighborAdd: async (entry: Neighbor) => {
        there.set(keyOf(entry), entry);
        if (entry.fdb || flushes-- <= 0) return;
        there.delete(keyOf(entry));
        // Told before the answer is.
        peers.observed(entry, false);
      },
      neighborDelete: async () => {},
    },
  });
  const wanted = new EntriesWriter<DesiredVtep>(same);
  wanted.set('a', vtep('a', [1, 1]));
  const entries = wanted.commit();
  let asked = 0;
  peers.onPending = () => asked++;
  await peers.bring(1, entries);
  t.notOk(peers.reaches('10.0.1.0'));
  t.equal(asked, 1);
  await peers.bring(1, entries);
  t.ok(peers.reaches('10.0.1.0'));
  t.equal(there.size, 2);
});

t.test(
  'what a former run left goes entry by entry, though the kernel tells of a deletion by a failed neighbour first',
  async (t) => {
    const left = vtepNeighbors(DEV, vtep('gone', [1, 1]));
    const there = new Map<string, Neighbor>(left.map((entry) => [keyOf(entry), entry]));
    const peers = new VxlanPeers(DEV, {
      clock: new VirtualClock(),
      log: silentLog,
      kernel: {
        neighborList: async ({ fdb }: { fdb?: boolean }) => [...there.values()].filter((entry) => !entry.fdb === !fdb),
        neighborAdd: async () => {},
        neighborDelete: async (entry: Neighbor) => {
          there.delete(keyOf(entry));
          if (entry.fdb) return;
          peers.observed({ ...entry, mac: '', state: 'failed' }, true);
          peers.observed({ ...entry, mac: '', state: 'failed' }, false);
        },
      },
    });
    await peers.bring(1, Entries.of());
    await peers.prune(new Set());
    t.same([...there], []);
  },
);
