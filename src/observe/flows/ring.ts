import { type Family, formatIpv4, formatIpv6 } from '../../base/index.ts';
import type { ConnectionEvent } from '../../netlink/index.ts';
import type { DeniedPacket, FlowRecord } from './flow.ts';
import { FlowTable, KEY_WORDS } from './table.ts';

interface FlowRingOptions {
  /** Records that are kept. */
  readonly slots: number;
  /** Milliseconds that one record is of. */
  readonly window: number;
}

/** Places in a key: three addresses, then ports or ICMP's type and code, what else tells flows apart, and what denied. */
const [SOURCE_AT, DESTINATION_AT, ANSWERER_AT, PORTS_AT, KIND_AT, REASON_AT] = [0, 4, 8, 12, 13, 14];
const [PROTOCOL, FAMILY_SHIFT, FAMILY, ICMP] = [0xff, 8, 0xf, 1 << 12];
/** Reasons that are known by a number; after so many they are numbered anew. */
const MOST_REASONS = 4096;

/**
 * The last flows, of a fixed number. What is told of the same ends, protocol and port within a window is one record;
 * what comes later begins another. Memory is taken once, and an event costs a look into a hash table.
 */
export class FlowRing {
  readonly #slots: number;
  readonly #window: number;
  readonly #table: FlowTable;
  readonly #key = new Uint32Array(KEY_WORDS);
  readonly #first: Float64Array;
  readonly #lastAt: Float64Array;
  readonly #sourcePort: Uint16Array;
  readonly #events: Uint32Array;
  readonly #begun: Uint32Array;
  readonly #ended: Uint32Array;
  readonly #packets: Float64Array;
  readonly #octets: Float64Array;
  readonly #answeredPackets: Float64Array;
  readonly #answeredOctets: Float64Array;
  readonly #denied: (string | undefined)[];
  readonly #reasons = new Map<string, number>();
  #lastReason = 0;
  #last = 0;
  /** As far as it was looked for. */
  #settled = 0;

  constructor({ slots, window }: FlowRingOptions) {
    this.#slots = slots;
    this.#window = window;
    this.#table = new FlowTable(slots);
    const numbers = (): Float64Array => new Float64Array(slots);
    const counts = (): Uint32Array => new Uint32Array(slots);
    [this.#first, this.#lastAt] = [numbers(), numbers()];
    [this.#packets, this.#octets, this.#answeredPackets, this.#answeredOctets] = [
      numbers(),
      numbers(),
      numbers(),
      numbers(),
    ];
    [this.#events, this.#begun, this.#ended] = [counts(), counts(), counts()];
    this.#sourcePort = new Uint16Array(slots);
    this.#denied = new Array<string | undefined>(slots).fill(undefined);
  }

  /** The number of the newest record; 0 while there is none. */
  get last(): number {
    return this.#last;
  }

  /** Records that made room for others. */
  get evicted(): number {
    return Math.max(0, this.#last - this.#slots);
  }

  /** A connection has begun, or ended. `now` in milliseconds since 1970. */
  saw(event: ConnectionEvent, now: number): void {
    if (event.kind === 'update') return;
    this.#key.set(event.addresses);
    this.#key[PORTS_AT] =
      event.icmpType >= 0 ? icmpWord(event) : ((event.destinationPort << 16) | event.answererPort) >>> 0;
    this.#key[KIND_AT] = kindWord(event);
    this.#key[REASON_AT] = 0;
    const slot = this.#slotFor(now, event.sourcePort, undefined);
    if (event.kind === 'new') {
      this.#begun[slot]++;
      return;
    }
    this.#ended[slot]++;
    this.#packets[slot] += event.packets;
    this.#octets[slot] += event.octets;
    this.#answeredPackets[slot] += event.answeredPackets;
    this.#answeredOctets[slot] += event.answeredOctets;
  }

  /** Policy has dropped a packet. */
  dropped(packet: DeniedPacket, now: number): void {
    const { addresses, destinationPort: port } = packet;
    this.#key.fill(0);
    this.#key.set(addresses.subarray(0, ANSWERER_AT));
    this.#key.copyWithin(ANSWERER_AT, DESTINATION_AT, ANSWERER_AT);
    this.#key[PORTS_AT] = packet.icmpType >= 0 ? icmpWord(packet) : ((port << 16) | port) >>> 0;
    this.#key[KIND_AT] = kindWord(packet);
    this.#key[REASON_AT] = this.#reason(packet.why);
    const slot = this.#slotFor(now, packet.sourcePort, packet.why);
    this.#packets[slot]++;
  }

  /** The number of the last record that nothing will be added to; those up to it are over as well, and stay so. */
  settled(now: number): number {
    let number = Math.max(this.#settled, this.evicted);
    while (number < this.#last && !this.#isOpen(this.#slotOf(number + 1), now)) {
      number++;
      this.#table.remove(this.#slotOf(number));
    }
    this.#settled = number;
    return number;
  }

  /** Undefined for what made room for others, or is not there yet. */
  at(number: number): FlowRecord | undefined {
    if (number < 1 || number > this.#last || number <= this.#last - this.#slots) return undefined;
    const slot = this.#slotOf(number);
    const key = this.#table.keyOf(slot);
    const family: Family = ((key[KIND_AT] >>> FAMILY_SHIFT) & FAMILY) === 6 ? 6 : 4;
    const isIcmp = (key[KIND_AT] & ICMP) !== 0;
    const ports = key[PORTS_AT];
    const [asked, answering] = isIcmp ? [0, 0] : [ports >>> 16, ports & 0xffff];
    const [sent, destination] = [addressAt(family, key, DESTINATION_AT), addressAt(family, key, ANSWERER_AT)];
    const isTranslated = sent !== destination || asked !== answering;
    return {
      number,
      first: this.#first[slot],
      last: this.#lastAt[slot],
      events: this.#events[slot],
      family,
      protocol: key[KIND_AT] & PROTOCOL,
      source: addressAt(family, key, SOURCE_AT),
      sourcePort: this.#sourcePort[slot],
      destination,
      destinationPort: answering,
      ...(isTranslated && { service: { address: sent, port: asked } }),
      ...(isIcmp && { icmp: { type: ports >>> 8, code: ports & 0xff } }),
      denied: this.#denied[slot],
      begun: this.#begun[slot],
      ended: this.#ended[slot],
      packets: this.#packets[slot],
      octets: this.#octets[slot],
      answeredPackets: this.#answeredPackets[slot],
      answeredOctets: this.#answeredOctets[slot],
    };
  }

  /** Where what has this key is counted now. */
  #slotFor(now: number, sourcePort: number, denied: string | undefined): number {
    const found = this.#table.find(this.#key);
    if (found >= 0 && this.#isOpen(found, now)) {
      this.#lastAt[found] = now;
      this.#events[found]++;
      return found;
    }
    if (found >= 0) this.#table.remove(found);
    const slot = this.#slotOf(++this.#last);
    this.#table.remove(slot);
    this.#table.put(slot, this.#key);
    this.#first[slot] = this.#lastAt[slot] = now;
    this.#events[slot] = 1;
    this.#sourcePort[slot] = sourcePort;
    this.#denied[slot] = denied;
    this.#begun[slot] = this.#ended[slot] = 0;
    this.#packets[slot] = this.#octets[slot] = this.#answeredPackets[slot] = this.#answeredOctets[slot] = 0;
    return slot;
  }

  #slotOf(number: number): number {
    return number % this.#slots;
  }

  /** A clock that was set back ends nothing early and keeps nothing open for longer than it was set back. */
  #isOpen(slot: number, now: number): boolean {
    return now - this.#first[slot] < this.#window;
  }

  #reason(why: string): number {
    let number = this.#reasons.get(why);
    if (number === undefined) {
      if (this.#reasons.size >= MOST_REASONS) this.#reasons.clear();
      number = ++this.#lastReason;
      this.#reasons.set(why, number);
    }
    return number;
  }
}

function icmpWord({ icmpType, icmpCode }: { readonly icmpType: number; readonly icmpCode: number }): number {
  return (icmpType << 8) | icmpCode;
}

function kindWord({ family, protocol, icmpType }: Pick<DeniedPacket, 'family' | 'protocol' | 'icmpType'>): number {
  return protocol | (family << FAMILY_SHIFT) | (icmpType >= 0 ? ICMP : 0);
}

function addressAt(family: Family, key: Uint32Array, at: number): string {
  if (family === 4) return formatIpv4(key[at]);
  let value = 0n;
  for (let word = at; word < at + 4; word++) value = (value << 32n) | BigInt(key[word]);
  return formatIpv6(value);
}
