import type { PrefixTable } from '../../base/index.ts';
import type { AttributePool } from './attribute-pool.ts';
import { attributeType } from './attribute-list.ts';
import { widened } from './columns.ts';
import type { ExportContext } from './export-context.ts';
import type { NextHopTable } from './next-hops.ts';
import type { Outgoing } from './outgoing.ts';
import { toTwoOctetAs } from './two-octet-as.ts';

const HEADER = 19;
const UPDATE = 2;
const MP_REACH = 14;
const MP_UNREACH = 15;
const OPTIONAL_EXTENDED = 0x90;

/** What the writer reads from. */
export interface WriterTables {
  readonly prefixes: PrefixTable;
  readonly pool: AttributePool;
  readonly nextHops: NextHopTable;
  readonly outgoing: Outgoing;
}

/**
 * Writes UPDATE messages of one family, each filled up to the session's limit. IPv4 with an IPv4 next hop goes in the
 * classic fields, all else in MP_REACH_NLRI / MP_UNREACH_NLRI as the first attribute (RFC 4271 §4.3, 4760, 7606 §5.1).
 * Withdrawals and announcements are never in one message.
 */
export class UpdateWriter {
  readonly #context: ExportContext;
  readonly #tables: WriterTables;
  readonly #afi: 1 | 2;
  /** Most octets that one NLRI takes. */
  readonly #widest: number;
  #bytes = new Uint8Array(128 * 1024);
  #at = 0;
  #messageStart = 0;
  #messages = 0;

  constructor(context: ExportContext, tables: WriterTables) {
    this.#context = context;
    this.#tables = tables;
    this.#afi = context.family === 'ipv4-unicast' ? 1 : 2;
    this.#widest = 1 + (this.#afi === 1 ? 4 : 16) + (context.addPath ? 4 : 0);
  }

  /** Messages written since the last `take`. */
  get messages(): number {
    return this.#messages;
  }

  /** The bytes written since the last `take`, as a copy of their own; empty when there are none. */
  take(): Uint8Array {
    const bytes = this.#bytes.slice(0, this.#at);
    this.#at = this.#messages = 0;
    return bytes;
  }

  withdraw(prefixes: ArrayLike<number>, pathIds?: ArrayLike<number>): void {
    for (let next = 0; next < prefixes.length; ) {
      this.#begin();
      if (this.#afi === 1) {
        const mark = this.#reserve(2);
        next = this.#fill(prefixes, pathIds, next, 2);
        this.#setU16(mark, this.#at - mark - 2);
        this.#u16(0);
      } else {
        this.#u16(0);
        const mark = this.#reserve(2);
        const attribute = this.#mpHeader(MP_UNREACH);
        next = this.#fill(prefixes, pathIds, next, 0);
        this.#setU16(attribute, this.#at - attribute - 2);
        this.#setU16(mark, this.#at - mark - 2);
      }
      this.#end();
    }
  }

  announce(out: number, prefixes: ArrayLike<number>, pathIds?: ArrayLike<number>): void {
    const nextHop = this.#tables.nextHops.bytes(this.#tables.outgoing.nextHop(out));
    const canonical = this.#tables.pool.bytes(this.#tables.outgoing.attributes(out));
    const attributes = this.#context.fourOctetAs ? canonical : toTwoOctetAs(canonical);
    // A route whose attributes leave no room for it can't be sent at all (RFC 8654 §4).
    if (HEADER + 4 + attributes.length + nextHop.length + 16 + this.#widest > this.#context.maximumMessage) return;
    const classic = this.#afi === 1 && nextHop.length === 4;
    for (let next = 0; next < prefixes.length; ) {
      this.#begin();
      this.#u16(0);
      const mark = this.#reserve(2);
      if (classic) {
        this.#attributesWithNextHop(attributes, nextHop);
        this.#setU16(mark, this.#at - mark - 2);
        next = this.#fill(prefixes, pathIds, next, 0);
      } else {
        const attribute = this.#mpHeader(MP_REACH);
        this.#u8(nextHop.length);
        this.#raw(nextHop);
        this.#u8(0);
        next = this.#fill(prefixes, pathIds, next, attributes.length);
        this.#setU16(attribute, this.#at - attribute - 2);
        this.#raw(attributes);
        this.#setU16(mark, this.#at - mark - 2);
      }
      this.#end();
    }
  }

  /** The marker that the whole table was sent (RFC 4724 §2). */
  endOfRib(): void {
    this.#begin();
    this.#u16(0);
    if (this.#afi === 1) this.#u16(0);
    else this.#raw([0, 6, 0x80, MP_UNREACH, 3, 0, this.#afi, 1]);
    this.#end();
  }

  /** NLRI from `next` on while they fit, leaving `tail` octets free; returns the first that did not. */
  #fill(prefixes: ArrayLike<number>, pathIds: ArrayLike<number> | undefined, next: number, tail: number): number {
    const table = this.#tables.prefixes;
    const bytes = this.#bytes;
    const limit = this.#messageStart + this.#context.maximumMessage - tail - this.#widest;
    const addPath = this.#context.addPath;
    let at = this.#at;
    let index = next;
    for (; index < prefixes.length && at <= limit; index++) {
      const prefix = prefixes[index];
      if (addPath) {
        const id = pathIds![index];
        bytes[at++] = id >>> 24;
        bytes[at++] = id >>> 16;
        bytes[at++] = id >>> 8;
        bytes[at++] = id;
      }
      const length = table.length(prefix);
      bytes[at++] = length;
      for (let bit = 0; bit < length; bit += 8) {
        bytes[at++] = table.address(prefix, bit >> 5) >>> (24 - (bit & 31));
      }
    }
    this.#at = at;
    return index;
  }

  /** Canonical attributes with NEXT_HOP in its place, after ORIGIN and AS_PATH. */
  #attributesWithNextHop(attributes: Uint8Array, nextHop: Uint8Array): void {
    let at = 0;
    while (at < attributes.length && attributes[at + 1] < attributeType.nextHop) {
      at += attributes[at] & 0x10 ? 4 + ((attributes[at + 2] << 8) | attributes[at + 3]) : 3 + attributes[at + 2];
    }
    this.#raw(attributes.subarray(0, at));
    this.#raw([0x40, attributeType.nextHop, 4]);
    this.#raw(nextHop);
    this.#raw(attributes.subarray(at));
  }

  /** The start of an MP attribute; returns where its length goes. */
  #mpHeader(type: number): number {
    this.#u8(OPTIONAL_EXTENDED);
    this.#u8(type);
    const length = this.#reserve(2);
    this.#u16(this.#afi);
    this.#u8(1);
    return length;
  }

  #begin(): void {
    this.#bytes = widened(this.#bytes, this.#at + this.#context.maximumMessage);
    this.#messageStart = this.#at;
    this.#bytes.fill(0xff, this.#at, this.#at + 16);
    this.#at += 18;
    this.#u8(UPDATE);
  }

  #end(): void {
    this.#setU16(this.#messageStart + 16, this.#at - this.#messageStart);
    this.#messages++;
  }

  #reserve(octets: number): number {
    this.#at += octets;
    return this.#at - octets;
  }

  #u8(value: number): void {
    this.#bytes[this.#at++] = value;
  }

  #u16(value: number): void {
    this.#setU16(this.#reserve(2), value);
  }

  #setU16(at: number, value: number): void {
    this.#bytes[at] = value >> 8;
    this.#bytes[at + 1] = value;
  }

  #raw(bytes: ArrayLike<number>): void {
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }
}
