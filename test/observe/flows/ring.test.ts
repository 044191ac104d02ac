import fc from 'fast-check';
import t from 'tap';
import { addressBytes, formatAddress, parseAddress } from '../../../src/base/index.ts';
import type { ConnectionEvent } from '../../../src/netlink/index.ts';
import { type DeniedPacket, type FlowRecord, FlowRing, OwnAddresses } from '../../../src/observe/flows/index.ts';
import { wordsOf } from '../../../src/observe/flows/own-addresses.ts';

const [SLOTS, WINDOW] = [5, 100];
const START = Date.UTC(2026, 0, 2, 14, 3);

type Happened =
  | { readonly kind: 'seen'; readonly event: ConnectionEvent }
  | { readonly kind: 'denied'; readonly packet: DeniedPacket };

/** What the ring should hold, found the slow way. */
class PlainRing {
  readonly records: { readonly key: string; readonly made: Record<string, unknown>; readonly first: number }[] = [];

  happened(what: Happened, now: number): void {
    const { key, made } = what.kind === 'seen' ? ofEvent(what.event) : ofPacket(what.packet);
    if (what.kind === 'seen' && what.event.kind === 'update') return;
    let record = this.records.findLast(
      (one) => one.key === key && this.records.indexOf(one) >= this.records.length - SLOTS,
    );
    if (record === undefined || now - record.first >= WINDOW) {
      record = {
        key,
        first: now,
        made: { ...made, number: this.records.length + 1, first: now, events: 0, ...NOTHING },
      };
      this.records.push(record);
    }
    const add = (name: string, by: number): void => {
      record.made[name] = Number(record.made[name]) + by;
    };
    record.made['last'] = now;
    add('events', 1);
    if (what.kind === 'denied') add('packets', 1);
    else if (what.event.kind === 'new') add('begun', 1);
    else {
      add('ended', 1);
      for (const name of ['packets', 'octets', 'answeredPackets', 'answeredOctets'] as const)
        add(name, what.event[name]);
    }
  }
}

const NOTHING = { begun: 0, ended: 0, packets: 0, octets: 0, answeredPackets: 0, answeredOctets: 0 };

function textAt(family: 4 | 6, words: Uint32Array, at: number): string {
  const view = new DataView(new ArrayBuffer(16));
  for (let word = 0; word < 4; word++) view.setUint32(4 * word, words[at + word]);
  const value = family === 4 ? BigInt(words[at]) : (view.getBigUint64(0) << 64n) | view.getBigUint64(8);
  return formatAddress({ family, value });
}

function ofEvent({ family, protocol, addresses, sourcePort, ...event }: ConnectionEvent) {
  const [source, sent, destination] = [0, 4, 8].map((at) => textAt(family, addresses, at));
  const isIcmp = event.icmpType >= 0;
  const [asked, destinationPort] = isIcmp ? [0, 0] : [event.destinationPort, event.answererPort];
  const what = {
    ...{ family, protocol, source, destination, destinationPort },
    ...((sent !== destination || asked !== destinationPort) && { service: { address: sent, port: asked } }),
    ...(isIcmp && { icmp: { type: event.icmpType, code: event.icmpCode } }),
    denied: undefined,
  };
  return { key: JSON.stringify(what), made: { ...what, sourcePort } };
}

function ofPacket({ family, protocol, addresses, sourcePort, why, ...packet }: DeniedPacket) {
  const [source, destination] = [0, 4].map((at) => textAt(family, addresses, at));
  const isIcmp = packet.icmpType >= 0;
  const what = {
    ...{ family, protocol, source, destination, destinationPort: isIcmp ? 0 : packet.destinationPort, denied: why },
    ...(isIcmp && { icmp: { type: packet.icmpType, code: packet.icmpCode } }),
  };
  return { key: JSON.stringify({ ...what, why }), made: { ...what, sourcePort } };
}

const ADDRESSES = { 4: ['10.0.0.1', '10.0.0.2', '10.0.0.129'], 6: ['fd00::1', 'fd00:0:0:1::1', '::ffff:ffff:0:1'] };

function words(...texts: readonly string[]): Uint32Array {
  const found = new Uint32Array(4 * texts.length);
  for (const [at, text] of texts.entries()) found.set(wordsOf(addressBytes(parseAddress(text))), 4 * at);
  return found;
}

const port = fc.constantFrom(0, 53, 443, 65_535);
const happened: fc.Arbitrary<Happened> = fc
  .record({
    family: fc.constantFrom(4 as const, 6 as const),
    ends: fc.array(fc.nat(2), { minLength: 3, maxLength: 3 }),
  })
  .chain(({ family, ends }) => {
    const texts = ends.map((end) => ADDRESSES[family][end]);
    const common = {
      family: fc.constant(family),
      sourcePort: port,
      destinationPort: port,
      ...{ icmpType: fc.constant(-1), icmpCode: fc.constant(-1), protocol: fc.constantFrom(6, 17, 47) },
    };
    const ping = { icmpType: fc.constantFrom(0, 8, 128), icmpCode: fc.nat(1), protocol: fc.constant(1) };
    const carried = {
      ...{ packets: fc.nat(9), octets: fc.nat({ max: 2 ** 40 }) },
      ...{ answeredPackets: fc.nat(9), answeredOctets: fc.nat({ max: 2 ** 40 }) },
    };
    const eventOf = (more: object): fc.Arbitrary<Happened> =>
      fc
        .record({
          ...common,
          ...carried,
          ...more,
          kind: fc.constantFrom('new', 'new', 'destroy', 'update'),
          addresses: fc.constant(words(...texts)),
          answererPort: port,
        })
        .map((event) => ({ kind: 'seen', event: event as ConnectionEvent }));
    const packetOf = (more: object): fc.Arbitrary<Happened> =>
      fc
        .record({
          ...common,
          ...more,
          addresses: fc.constant(words(...texts.slice(0, 2))),
          why: fc.constantFrom('egress end of tier default', 'ingress of Deny rule 0 of NetworkPolicy a/b'),
        })
        .map((packet) => ({ kind: 'denied', packet: packet as DeniedPacket }));
    return fc.oneof(eventOf({}), eventOf(ping), packetOf({}), packetOf(ping));
  });

t.test('the ring holds what a plain list of records would, the last of them', async (t) => {
  const history = fc.array(fc.tuple(happened, fc.nat(60)), { maxLength: 60 });
  fc.assert(
    fc.property(history, (all) => {
      const ring = new FlowRing({ slots: SLOTS, window: WINDOW });
      const plain = new PlainRing();
      let now = START;
      for (const [what, later] of all) {
        now += later;
        if (what.kind === 'seen') ring.saw(what.event, now);
        else ring.dropped(what.packet, now);
        plain.happened(what, now);
        // Who asks in between changes nothing.
        if (later % 3 === 0) ring.settled(now);
      }
      const { records } = plain;
      if (ring.last !== records.length) throw new Error(`${ring.last} records, not ${records.length}`);
      if (ring.evicted !== Math.max(0, records.length - SLOTS)) throw new Error('evicted');
      const closed = records.findLastIndex(({ first }) => now - first >= WINDOW) + 1;
      const kept = Math.max(closed, records.length - SLOTS, 0);
      if (ring.settled(now) !== kept) throw new Error(`settled ${ring.settled(now)}, not ${kept}`);
      for (const [at, { made }] of records.entries()) {
        const found = ring.at(at + 1);
        if (at < records.length - SLOTS) {
          if (found !== undefined) throw new Error('what made room is gone');
        } else if (!sameRecord(found, made)) throw new Error(`${JSON.stringify(found)} is not ${JSON.stringify(made)}`);
      }
    }),
    { seed: 20261130, numRuns: 2000 },
  );
  t.pass();
});

function sameRecord(found: FlowRecord | undefined, made: Record<string, unknown>): boolean {
  const sorted = (of: object): string => JSON.stringify(Object.entries(of).sort(([a], [b]) => (a < b ? -1 : 1)));
  return found !== undefined && sorted(found) === sorted(made);
}

t.test('what was over stays so when the clock is set back', async (t) => {
  const ring = new FlowRing({ slots: SLOTS, window: WINDOW });
  const packet = {
    family: 4,
    ...{ protocol: 17, addresses: words('10.0.0.1', '10.0.0.2'), sourcePort: 1, destinationPort: 2 },
    ...{ icmpType: -1, icmpCode: -1, why: 'a reason' },
  } as const satisfies DeniedPacket;
  ring.dropped(packet, START);
  t.equal(ring.settled(START + WINDOW), 1);
  ring.dropped(packet, START + 1);
  t.equal(ring.settled(START + 1), 1);
  t.match([ring.at(1), ring.at(2)], [{ packets: 1 }, { packets: 1 }]);
});

t.test('what is not there yet is none', async (t) => {
  const ring = new FlowRing({ slots: SLOTS, window: WINDOW });
  t.same([ring.last, ring.settled(START), ring.evicted, ring.at(0), ring.at(1)], [0, 0, 0, undefined, undefined]);
});

t.test('reasons without end are numbered anew, and take no room', async (t) => {
  const ring = new FlowRing({ slots: 8, window: WINDOW });
  const packet = {
    family: 4,
    ...{ protocol: 17, addresses: words('10.0.0.1', '10.0.0.2') },
    ...{ sourcePort: 1, destinationPort: 2, icmpType: -1, icmpCode: -1 },
  } as const;
  for (let count = 0; count < 20_000; count++) ring.dropped({ ...packet, why: `reason ${count}` }, START);
  t.equal(ring.last, 20_000);
  t.match(ring.at(20_000), { denied: 'reason 19999', packets: 1 });
});

t.test('own addresses are known by their words', async (t) => {
  const own = new OwnAddresses(['10.0.0.1', '255.255.255.255', 'fd00::1', 'fd00:0:0:1::1', 'nonsense']);
  const has = (text: string): boolean => own.has(text.includes(':') ? 6 : 4, words('0.0.0.0', text), 4);
  t.same(['10.0.0.1', '255.255.255.255', 'fd00::1', 'fd00:0:0:1::1'].map(has), [true, true, true, true]);
  t.same(['10.0.0.2', '0.0.0.1', 'fd00::2', 'fd00:0:0:2::1', '::1'].map(has), [false, false, false, false, false]);
});
