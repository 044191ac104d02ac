import { type Family, powerOfTwoAtLeast } from '../../base/index.ts';
import type { AddressFamily } from '../api.ts';
import type { Negotiated, NlriColumns, UpdateView } from '../contract.ts';
import { AttributeScan } from './attribute-scan.ts';
import { unicast } from './family.ts';
import { NO_ERRORS, type UpdateError } from './update-error.ts';

/** Octets of attributes that there is room for at first: few messages have more. */
const FIRST_BLOCK = 2048;

/** Columns that grow to the largest message seen. */
export class NlriScratch implements NlriColumns {
  of: AddressFamily;
  family: Family;
  count = 0;
  addresses: Uint32Array;
  lengths: Uint8Array;
  pathIds: Uint32Array;
  /** Whether `pathIds` holds anything but zeros. */
  pathIdsUsed = false;
  readonly #words: 1 | 4;
  #source: Uint8Array | undefined;
  #fields: DataView = new DataView(new ArrayBuffer(0));

  /** `widest` is the family with the longest addresses that will ever be put in. */
  constructor(widest: Family, capacity: number) {
    this.of = unicast(widest);
    this.family = widest;
    this.#words = widest === 4 ? 1 : 4;
    this.addresses = new Uint32Array(capacity * this.#words);
    this.lengths = new Uint8Array(capacity);
    this.pathIds = new Uint32Array(capacity);
  }

  /** Makes room for `capacity` prefixes; what was in is lost. */
  reserve(capacity: number): void {
    if (capacity <= this.lengths.length) return;
    this.addresses = new Uint32Array(capacity * this.#words);
    this.lengths = new Uint8Array(capacity);
    this.pathIds = new Uint32Array(capacity);
  }

  /** `bytes` as a DataView, which is made anew only for a new chunk, not for each message in it. */
  fieldsOf(bytes: Uint8Array): DataView {
    if (this.#source !== bytes) {
      this.#source = bytes;
      this.#fields = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    return this.#fields;
  }
}

/**
 * The decoded form of an attribute block (its MP_* aside). It outlives the message: when the next one of the same
 * session has the same block, which is the rule in a burst, the canonical bytes are simply there already.
 */
export interface BlockResult {
  session: Negotiated | undefined;
  source: Uint8Array;
  sourceLength: number;
  canonicalLength: number;
  hasOrigin: boolean;
  hasAsPath: boolean;
  hasNextHop: boolean;
  nextHop4: number;
  errors: readonly UpdateError[];
  /** Those of NEXT_HOP, which count only beside IPv4 NLRI. */
  nextHopErrors: readonly UpdateError[];
}

/**
 * The scratch that `decodeUpdate` fills: the view that others read, and beside it what decoding needs between messages.
 */
export class UpdateScratch implements UpdateView {
  readonly withdrawn4: NlriScratch;
  readonly announced4: NlriScratch;
  readonly mpWithdrawn: NlriScratch;
  readonly mpAnnounced: NlriScratch;
  /** Room for the longest block seen, twice over: two-octet AS numbers become four. */
  attributes: Uint8Array = new Uint8Array(2 * FIRST_BLOCK);
  attributesLength = 0;
  nextHop4 = 0;
  readonly mpNextHop = new Uint8Array(32);
  mpNextHopLength = 0;
  treatAsWithdraw = false;
  endOfRib: AddressFamily | undefined = undefined;
  readonly scan = new AttributeScan();
  /** The block last seen, and a blank one for messages without. */
  readonly block = blankBlock(new Uint8Array(FIRST_BLOCK));
  readonly noBlock = blankBlock(new Uint8Array(0));
  /** Where in the message the values of MP_REACH and MP_UNREACH lie; -1 where there is none. */
  readonly spans = { reach: -1, reachEnd: -1, unreach: -1, unreachEnd: -1 };

  constructor(capacity: number) {
    this.withdrawn4 = new NlriScratch(4, capacity);
    this.announced4 = new NlriScratch(4, capacity);
    this.mpWithdrawn = new NlriScratch(6, capacity);
    this.mpAnnounced = new NlriScratch(6, capacity);
  }

  /** Makes room for an attribute block of so many octets; the block last seen stays. */
  reserveBlock(octets: number): void {
    if (octets <= this.block.source.length) return;
    const room = powerOfTwoAtLeast(octets);
    this.block.source = grown(this.block.source, room);
    this.attributes = grown(this.attributes, 2 * room);
  }

  clear(): void {
    this.withdrawn4.count = 0;
    this.announced4.count = 0;
    this.mpWithdrawn.count = 0;
    this.mpAnnounced.count = 0;
    this.attributesLength = 0;
    this.nextHop4 = 0;
    this.mpNextHopLength = 0;
    this.treatAsWithdraw = false;
    this.endOfRib = undefined;
    this.spans.reach = -1;
    this.spans.unreach = -1;
  }
}

function grown(bytes: Uint8Array, length: number): Uint8Array {
  const longer = new Uint8Array(length);
  longer.set(bytes);
  return longer;
}

function blankBlock(source: Uint8Array): BlockResult {
  return {
    session: undefined,
    source,
    sourceLength: 0,
    canonicalLength: 0,
    hasOrigin: false,
    hasAsPath: false,
    hasNextHop: false,
    nextHop4: 0,
    errors: NO_ERRORS,
    nextHopErrors: NO_ERRORS,
  };
}

/** Scratch for `decodeUpdate`; one serves any number of sessions in turn. */
export function createUpdateView(capacity = 64): UpdateScratch {
  return new UpdateScratch(capacity);
}
