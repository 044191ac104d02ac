import fc from 'fast-check';
import t from 'tap';
import { ByteReader, type ByteWriter, OutOfBytes } from '../../../src/base/index.ts';
import { ROUTE_ADD } from '../../../src/netlink/index.ts';
import * as acknowledgement from '../../../src/netlink/wire/acknowledgement.ts';
import * as address from '../../../src/netlink/wire/address.ts';
import { attributeBytes, attributeNest, attributeText, attributeU32 } from '../../../src/netlink/wire/attribute.ts';
import * as chainList from '../../../src/netlink/wire/chain-list.ts';
import * as conntrack from '../../../src/netlink/wire/conntrack.ts';
import * as conntrackEvent from '../../../src/netlink/wire/conntrack-event.ts';
import * as generic from '../../../src/netlink/wire/generic.ts';
import * as ipSet from '../../../src/netlink/wire/ip-set.ts';
import * as link from '../../../src/netlink/wire/link.ts';
import * as linkSettings from '../../../src/netlink/wire/link-settings.ts';
import * as message from '../../../src/netlink/wire/message.ts';
import * as neighbor from '../../../src/netlink/wire/neighbor.ts';
import * as netconf from '../../../src/netlink/wire/netconf.ts';
import * as nftables from '../../../src/netlink/wire/nftables.ts';
import { readPacketHeader } from '../../../src/netlink/wire/packet-header.ts';
import * as packetLog from '../../../src/netlink/wire/packet-log.ts';
import * as route from '../../../src/netlink/wire/route.ts';
import * as rule from '../../../src/netlink/wire/rule.ts';
import * as ruleCounters from '../../../src/netlink/wire/rule-counters.ts';
import * as setElements from '../../../src/netlink/wire/set-elements.ts';
import * as tableDump from '../../../src/netlink/wire/table-dump.ts';
import { BatchNumbers, encodeObject } from '../../../src/netlink/wire/table-objects.ts';
import * as trafficControl from '../../../src/netlink/wire/traffic-control.ts';
import * as wireguard from '../../../src/netlink/wire/wireguard.ts';
import { encodeRoute } from './route-request.ts';

const SEED = { seed: 20240608, numRuns: 2000 };

const vxlan = { vni: 4096, port: 4789, local: '10.0.0.1', parentIndex: 2, learning: false };
const hops = [
  { via: '10.0.0.2', dev: 2 },
  { via: 'fd00::2', dev: 3, weight: 7 },
];

const TABLE = { family: 'ip', name: 'vrouter-policy' };
const HOOK = { type: 'filter', hook: 'forward', priority: -1, policy: 'drop' } as const;

/** Every decoder, with a message that it reads in full, as a start for mutations. */
const DECODERS: Readonly<Record<string, readonly [decode: (body: ByteReader) => unknown, sample: Uint8Array]>> = {
  decodeLink: [
    link.decodeLink,
    link.encodeLinkAdd({ kind: 'vxlan', name: 'vxlan.calico', mtu: 1450, mac: '66:00:00:00:00:01', vxlan }),
  ],
  decodeAddress: [address.decodeAddress, address.encodeAddressAdd({ dev: 'x', address: 'fd00::1/64' }, 3)],
  decodeRoute: [
    route.decodeRoute,
    encodeRoute(ROUTE_ADD, {
      family: 4,
      destination: '10.0.0.0/8',
      kind: 'unicast',
      protocol: 80,
      table: 1000,
      mtu: 1400,
      nextHops: hops,
    }),
  ],
  decodeRule: [
    rule.decodeRule,
    rule.encodeRuleAdd({ family: 4, priority: 9, table: 300, source: '10.0.0.0/8', mark: 1, mask: 1 }),
  ],
  decodeNeighbor: [
    neighbor.decodeNeighbor,
    neighbor.encodeNeighborAdd({ dev: 'x', destination: '10.0.0.2', mac: '66:00:00:00:00:01', fdb: true }, 4),
  ],
  decodeQdisc: [
    trafficControl.decodeQdisc,
    trafficControl.encodeQdiscReplace(
      {
        kind: 'tbf',
        dev: 'x',
        handle: '80:',
        bucket: { rate: 1e12, buffer: 9, limit: 5000, peak: { rate: 2e12, buffer: 1 } },
      },
      3,
    ),
  ],
  decodeFilter: [
    // The kernel gives each filter a handle; one without is a table.
    trafficControl.decodeFilter,
    trafficControl.encodeRedirectAdd({ dev: 'x', to: 'y', priority: 80 }, 3, 4).with(24, 1),
  ],
  decodeQueueingChange: [trafficControl.decodeQueueingChange, trafficControl.encodeQdiscDelete('root', 3)],
  decodeNetconf: [
    netconf.decodeNetconf,
    attributes(message.RTM_NEWNETCONF, [message.AF_INET, 0, 0, 0], (writer) => {
      for (const [type, value] of [
        [1, -1],
        [2, 1],
        [3, 2],
        [5, 1],
      ] as const)
        attributeU32(writer, type, value >>> 0);
    }),
  ],
  decodeLinkSettings: [
    linkSettings.decodeLinkSettings,
    attributes(message.RTM_NEWLINK, new Array(16).fill(0), (writer) => {
      attributeText(writer, 3, 'cali1');
      attributeNest(writer, 26, () => {
        attributeNest(writer, message.AF_INET, () => attributeBytes(writer, 1, new Uint8Array(33 * 4)));
        attributeNest(writer, message.AF_INET6, () => attributeBytes(writer, 2, new Uint8Array(60 * 4)));
      });
    }),
  ],
  decodeProxyDelay: [
    linkSettings.decodeProxyDelay,
    attributes(64, [message.AF_INET, 0, 0, 0], (writer) => {
      attributeNest(writer, 6, () => {
        attributeU32(writer, 1, 7);
        attributeBytes(writer, 13, new Uint8Array(8));
      });
    }),
  ],
  decodeTableChange: [
    (body) => nftables.decodeTableChange({ type: 0x0a00, body }),
    attributes(0x0a00, [2, 0, 0, 0], (writer) => attributeText(writer, 1, 'vrouter-nat')),
  ],
  decodeElementAt: [
    (body) => setElements.decodeElementAt(body, 100),
    setElements.encodeElements(
      { family: 'ip', name: 'calico' },
      { verb: 'add', set: 'nets', elements: [{ key: Uint8Array.of(10, 0, 0, 0), end: Uint8Array.of(11, 0, 0, 0) }] },
    )[0].bytes,
  ],
  decodeConnection: [
    (body) => {
      conntrack.decodeConnection(new ByteReader(body.bytes, body.at, body.end, true));
      return conntrack.decodeConnection(body, new conntrack.WireAddresses(['10.0.0.1', 'fd00::1']));
    },
    attributes(0x0100, [2, 0, 0, 0], (writer) => {
      tuples(writer);
      attributeBytes(writer, 12, Uint8Array.of(1, 2, 3, 4));
    }),
  ],
  decodeConnectionEvent: [
    ({ bytes, at, end }) =>
      conntrackEvent.decodeConnectionEvent(
        { type: 0x0102, flags: 0, bytes, at, end },
        conntrackEvent.emptyConnectionEvent(),
      ),
    attributes(0x0102, [2, 0, 0, 0], (writer) => {
      tuples(writer);
      for (const direction of [9, 10]) {
        attributeNest(writer, direction, () => {
          attributeBytes(writer, 1, Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 7));
          attributeBytes(writer, 2, Uint8Array.of(0, 0, 0, 1, 0, 0, 0, 7));
        });
      }
    }),
  ],
  decodeRuleCount: [
    (body) => ruleCounters.decodeRuleCount(body, 'vrouter-policy'),
    attributes(0x0a06, [2, 0, 0, 0], (writer) => {
      attributeText(writer, 1, 'vrouter-policy');
      attributeText(writer, 2, 'drop-x');
      attributeNest(writer, 4, () =>
        attributeNest(writer, 1, () => {
          attributeText(writer, 1, 'counter');
          attributeNest(writer, 2, () => {
            attributeBytes(writer, 1, new Uint8Array(8));
            attributeBytes(writer, 2, new Uint8Array(8));
          });
        }),
      );
    }),
  ],
  decodeChain: [
    chainList.decodeChain,
    attributes(0x0a03, [2, 0, 0, 0], (writer) => {
      attributeText(writer, 1, 'filter');
      attributeText(writer, 3, 'cali-FORWARD');
    }),
  ],
  decodeGeneration: [
    (body) => tableDump.decodeGeneration(0x0a0f, body),
    attributes(0x0a0f, [0, 0, 0, 0], (writer) => attributeBytes(writer, 1, Uint8Array.of(0, 0, 1, 7))),
  ],
  decodeDumpedChain: [
    (body) => tableDump.decodeDumpedChain(body, TABLE.name),
    encodeObject(TABLE, { verb: 'add chain', chain: 'forward', base: HOOK }, new BatchNumbers())[0],
  ],
  decodeDumpedRule: [
    (body) => tableDump.decodeDumpedRule(body, TABLE.name),
    attributes(0x0a06, [2, 0, 0, 0], (writer) => {
      attributeText(writer, 1, TABLE.name);
      attributeText(writer, 2, 'drop-x');
      attributeBytes(writer, 3, Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 9));
      attributeBytes(writer, 7, Uint8Array.of(0, 3, 104, 105, 0));
    }),
  ],
  decodeDumpedSet: [
    (body) => tableDump.decodeDumpedSet(body, TABLE.name),
    encodeObject(
      TABLE,
      {
        verb: 'add set',
        set: 'from-pods',
        declaration: { type: 41, octets: 16, isInterval: false, order: 'host', isMap: true },
      },
      new BatchNumbers(),
    )[0],
  ],
  decodeDumpedElements: [
    tableDump.decodeDumpedElements,
    setElements.encodeElements(TABLE, {
      verb: 'add',
      set: 'from-pods',
      elements: [
        { key: Uint8Array.of(10, 0, 0, 0), end: Uint8Array.of(11, 0, 0, 0) },
        { key: Uint8Array.of(12, 0, 0, 0), value: { verdict: 'jump', chain: 'c-x' } },
      ],
    })[0].bytes,
  ],
  decodeIpSet: [
    ipSet.decodeIpSet,
    attributes(0x0607, [2, 0, 0, 0], (writer) => {
      attributeBytes(writer, 1, Uint8Array.of(6));
      attributeText(writer, 2, 'cali40s:abc');
    }),
  ],
  decodeLogPacket: [
    (body) => packetLog.decodeLogPacket({ type: 0x0400, body }),
    attributes(0x0400, [2, 0, 0, 17], (writer) => {
      attributeBytes(writer, 1, Uint8Array.of(8, 0, 2, 0));
      for (const type of [2, 4, 5, 12]) attributeBytes(writer, type, Uint8Array.of(0, 0, 0, 7));
      attributeText(writer, 10, 'drop-x');
      attributeBytes(writer, 9, new Uint8Array(60));
    }),
  ],
  decodeFamily: [generic.decodeFamily, generic.encodeFamilyGet('wireguard')],
  decodeWireguard: [
    wireguard.decodeWireguard,
    wireguard.encodeWireguardSet(30, 'wireguard.cali', {
      listenPort: 51820,
      mark: 0x100000,
      peers: [
        {
          publicKey: 'hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=',
          endpoint: '[fd00::1]:51820',
          allowedIps: ['10.0.0.0/26', 'fd00::/122'],
          keepalive: 25,
        },
      ],
    })[0],
  ],
  decodeError: [(body) => acknowledgement.decodeError(0x300, body), errorSample()],
  decodeDone: [(body) => acknowledgement.decodeDone(0x200, body), errorSample()],
};

/** Of a connection: one and two talk, ports of TCP. */
function tuples(writer: ByteWriter): void {
  for (const tuple of [1, 2]) {
    attributeNest(writer, tuple, () => {
      attributeNest(writer, 1, () => {
        attributeBytes(writer, 1, Uint8Array.of(10, 0, 0, tuple));
        attributeBytes(writer, 2, Uint8Array.of(10, 0, 0, 3 - tuple));
      });
      attributeNest(writer, 2, () => {
        attributeBytes(writer, 1, Uint8Array.of(6));
        attributeBytes(writer, 2, Uint8Array.of(1, 2));
        attributeBytes(writer, 3, Uint8Array.of(3, 4));
      });
    });
  }
}

/** A message with this fixed part and these attributes. */
function attributes(type: number, fixed: readonly number[], add: (writer: ByteWriter) => void): Uint8Array {
  return message.encodeMessage(type, 0, (writer) => {
    for (const octet of fixed) writer.u8(octet);
    add(writer);
  });
}

/** An acknowledgement with the kernel's words: errno, header of the request, NLMSGERR_ATTR_MSG. */
function errorSample(): Uint8Array {
  return message.encodeMessage(message.NLMSG_ERROR, 0, (writer) => {
    writer.i32(-22).u32(16).zeros(12);
    writer.u16(8).u16(1).raw(Buffer.from('abc\0'));
  });
}

/** Reads all of the bytes; what it answers does not matter, how it fails does. */
function survives(decode: (body: ByteReader) => unknown, bytes: Uint8Array): boolean {
  try {
    decode(new ByteReader(bytes, 0, bytes.length, true));
  } catch (error) {
    return error instanceof RangeError || error instanceof OutOfBytes;
  }
  return true;
}

t.test('the table has every decoder', async (t) => {
  const modules = [
    acknowledgement,
    address,
    conntrack,
    conntrackEvent,
    generic,
    link,
    linkSettings,
    neighbor,
    netconf,
    nftables,
    packetLog,
    route,
    rule,
    ruleCounters,
    chainList,
    ipSet,
    setElements,
    tableDump,
    trafficControl,
    wireguard,
  ];
  const names = modules.flatMap((module) => Object.keys(module)).filter((name) => name.startsWith('decode'));
  t.same(Object.keys(DECODERS).sort(), names.sort());
});

for (const [name, [decode, sample]] of Object.entries(DECODERS)) {
  const body = sample.subarray(message.HEADER_LENGTH);

  t.test(`${name} survives any bytes`, async (t) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => survives(decode, bytes)),
      SEED,
    );
    t.pass();
  });

  t.test(`${name} survives a good message with wrong bytes in it, and one cut short`, async (t) => {
    t.ok(survives(decode, body));
    const places = fc.array(fc.tuple(fc.nat(body.length - 1), fc.integer({ min: 0, max: 255 })), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(places, fc.nat(body.length), (changes, length) => {
        const bytes = body.slice(0, length);
        for (const [at, value] of changes) if (at < length) bytes[at] = value;
        return survives(decode, bytes);
      }),
      SEED,
    );
  });
}

t.test('headers of packets survive any octets: they have a source and a destination, or are none', async (t) => {
  const start = fc.constantFrom([], [0x45], [0x4f], [0x60, 0, 0, 0, 0, 0, 0], [0x60, 0, 0, 0, 0, 0, 44]);
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 120 }), (first, rest) => {
      const header = readPacketHeader(Uint8Array.of(...first, ...rest));
      return header === undefined || (header.source !== '' && header.destination !== '');
    }),
    SEED,
  );
  t.pass();
});

/** Around the datagram. */
const BEFORE = [9, 9, 9];

/** What stands in the messages of a datagram, as far as they can be told apart; last, how that ended. */
function framed(read: (seen: (message: readonly number[]) => void) => void): readonly (readonly number[] | string)[] {
  const found: (readonly number[] | string)[] = [];
  try {
    read((message) => found.push(message));
  } catch (error) {
    found.push(String(error));
  }
  return found;
}

t.test('framing survives any bytes, never reads beyond them, and in place it finds the same', async (t) => {
  const datagrams = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.array(fc.tuple(fc.nat(40), fc.uint8Array({ maxLength: 40 })), { maxLength: 8 }).map((messages) =>
      Buffer.concat(
        messages.map(([length, bytes]) => {
          const header = Buffer.alloc(16);
          header.writeUInt32LE(length);
          return Buffer.concat([header, bytes]);
        }),
      ),
    ),
  );
  fc.assert(
    fc.property(datagrams, (datagram) => {
      try {
        message.forEachMessage(datagram, ({ body }) => {
          if (body.end > datagram.length) throw new Error('beyond the end');
        });
      } catch (error) {
        if (!(error instanceof RangeError)) return false;
      }
      const cursor = new message.MessageCursor(new Uint8Array([...BEFORE, ...datagram, ...BEFORE]));
      const inPlace = framed((seen) => {
        cursor.open(BEFORE.length, datagram.length);
        while (cursor.next()) seen([cursor.type, cursor.flags, cursor.at - BEFORE.length, cursor.end - BEFORE.length]);
      });
      const each = framed((seen) =>
        message.forEachMessage(datagram, ({ type, flags, body }) => seen([type, flags, body.at, body.end])),
      );
      return JSON.stringify(inPlace) === JSON.stringify(each);
    }),
    SEED,
  );
  t.pass();
});
