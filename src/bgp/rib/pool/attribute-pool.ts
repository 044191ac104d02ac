import { type Counted, CountedNumbers } from '../../../base/index.ts';
import { ATTRIBUTE, countAsPath, firstAsOf, u32, valueEnd, valueStart } from '../../wire/index.ts';
import { bandwidthIn } from '../link-bandwidth.ts';
import { AttributeList, DEFAULT_LOCAL_PREF } from './attribute-list.ts';
import { ByteStore } from './byte-store.ts';
import { widened } from './columns.ts';

const EMPTY = 0;
const FIRST_CAPACITY = 32;

/** Bits of the `marks` column. */
export const attributeMark = {
  noExport: 1,
  noAdvertise: 2,
  noExportSubconfed: 4,
  llgrStale: 8,
  noLlgr: 16,
  med: 32,
  localPref: 64,
  gracefulShutdown: 128,
} as const;

const wellKnownCommunities = new Map<number, number>([
  [0xffffff01, attributeMark.noExport],
  [0xffffff02, attributeMark.noAdvertise],
  [0xffffff03, attributeMark.noExportSubconfed],
  [0xffff0000, attributeMark.gracefulShutdown],
  [0xffff0006, attributeMark.llgrStale],
  [0xffff0007, attributeMark.noLlgr],
]);

/**
 * Path attributes interned by their canonical bytes: equal sets are one number, however many routes carry them.
 * The bytes lie in one slab; beside them, in columns, what the decision process asks of each set. Numbers start
 * at 1 and are counted: whoever stores one retains it, whoever drops it releases it.
 */
export class AttributePool implements Counted {
  readonly #numbers = new CountedNumbers();
  #store = new ByteStore();
  #slots = new Uint32Array(FIRST_CAPACITY * 2);
  #mask = FIRST_CAPACITY * 2 - 1;
  #last = 0;

  #offsets = new Uint32Array(FIRST_CAPACITY);
  #lengths = new Uint16Array(FIRST_CAPACITY);
  #hashes = new Uint32Array(FIRST_CAPACITY);
  #decodedId = 0;
  #decoded = new AttributeList();

  localPref = new Uint32Array(FIRST_CAPACITY);
  asPathLength = new Uint16Array(FIRST_CAPACITY);
  origin = new Uint8Array(FIRST_CAPACITY);
  med = new Uint32Array(FIRST_CAPACITY);
  /** The neighbouring AS: the first of AS_PATH, 0 if it is empty or begins with a set. */
  firstAs = new Uint32Array(FIRST_CAPACITY);
  /** ORIGINATOR_ID, 0 if there is none. */
  originatorId = new Uint32Array(FIRST_CAPACITY);
  clusterListLength = new Uint16Array(FIRST_CAPACITY);
  /** Bits of `attributeMark`. */
  marks = new Uint8Array(FIRST_CAPACITY);
  /** Octets a second, of a Link Bandwidth community; 0 where there is none. */
  linkBandwidth = new Float32Array(FIRST_CAPACITY);

  /** Attribute sets that are in use. */
  get size(): number {
    return this.#numbers.size;
  }

  /** The number of the set with these bytes, retained once for the caller. */
  intern(bytes: Uint8Array, length = bytes.length): number {
    const last = this.#last;
    if (last !== 0 && this.#lengths[last] === length && this.#equals(last, bytes)) return this.retain(last);
    const hash = hashOf(bytes, length);
    let slot = hash & this.#mask;
    for (;;) {
      const id = this.#slots[slot];
      if (id === EMPTY) break;
      if (this.#hashes[id] === hash && this.#lengths[id] === length && this.#equals(id, bytes)) {
        this.#last = id;
        return this.retain(id);
      }
      slot = (slot + 1) & this.#mask;
    }
    return (this.#last = this.retain(this.#add(bytes, length, hash)));
  }

  retain(id: number): number {
    return this.#numbers.retain(id);
  }

  release(id: number): void {
    if (!this.#numbers.release(id)) return;
    if (this.#last === id) this.#last = 0;
    this.#vacate(id);
    this.#store.drop(this.#offsets[id], this.#lengths[id]);
    if (this.#decodedId === id) this.#decodedId = 0;
    this.#numbers.give(id);
    if (this.#store.isSparse) this.#compact();
  }

  /** Octets that the slab of all sets takes. */
  get octets(): number {
    return this.#store.octets;
  }

  references(id: number): number {
    return this.#numbers.references(id);
  }

  /** A view of the canonical bytes, valid until the next `intern` or `release`. */
  bytes(id: number): Uint8Array {
    return this.#store.view(this.#offsets[id], this.#lengths[id]);
  }

  /** The attributes as values; the last ones asked for are kept. Not to be edited: `derive` is for that. */
  attributes(id: number): AttributeList {
    if (id !== this.#decodedId) {
      this.#decoded = AttributeList.from(this.bytes(id));
      this.#decodedId = id;
    }
    return this.#decoded;
  }

  /** A new set made from `id` by `edit`, retained once for the caller. */
  derive(id: number, edit: (attributes: AttributeList) => void): number {
    const attributes = AttributeList.from(this.bytes(id));
    edit(attributes);
    return this.intern(attributes.toBytes());
  }

  /** Moves all sets to a new slab, without the gaps. */
  #compact(): void {
    const store = new ByteStore();
    for (let id = 1; id < this.#numbers.limit; id++) {
      if (this.#numbers.references(id) > 0) this.#offsets[id] = store.put(this.bytes(id));
    }
    this.#store = store;
  }

  #equals(id: number, bytes: Uint8Array): boolean {
    const slab = this.#store.bytes;
    const offset = this.#offsets[id];
    for (let at = this.#lengths[id] - 1; at >= 0; at--) if (slab[offset + at] !== bytes[at]) return false;
    return true;
  }

  #add(bytes: Uint8Array, length: number, hash: number): number {
    const id = this.#numbers.take();
    if (id >= this.#offsets.length) this.#grow();
    this.#offsets[id] = this.#store.put(length === bytes.length ? bytes : bytes.subarray(0, length));
    this.#lengths[id] = length;
    this.#hashes[id] = hash;
    this.#fill(id);
    this.#occupy(id);
    return id;
  }

  /** Reads out of the bytes what the columns hold. */
  #fill(id: number): void {
    this.localPref[id] = DEFAULT_LOCAL_PREF;
    for (const column of [this.asPathLength, this.origin, this.med, this.firstAs, this.originatorId]) column[id] = 0;
    this.clusterListLength[id] = 0;
    this.marks[id] = 0;
    this.linkBandwidth[id] = 0;
    const bytes = this.bytes(id);
    for (let at = 0; at < bytes.length; at = valueEnd(bytes, at)) {
      this.#fillFrom(id, bytes, bytes[at + 1], valueStart(bytes, at), valueEnd(bytes, at));
    }
  }

  #fillFrom(id: number, bytes: Uint8Array, type: number, start: number, end: number): void {
    switch (type) {
      case ATTRIBUTE.ORIGIN:
        this.origin[id] = bytes[start];
        break;
      case ATTRIBUTE.AS_PATH:
        this.asPathLength[id] = countAsPath(bytes, start, end, 4);
        this.firstAs[id] = firstAsOf(bytes, start, end);
        break;
      case ATTRIBUTE.MED:
        this.med[id] = u32(bytes, start);
        this.marks[id] |= attributeMark.med;
        break;
      case ATTRIBUTE.LOCAL_PREF:
        this.localPref[id] = u32(bytes, start);
        this.marks[id] |= attributeMark.localPref;
        break;
      case ATTRIBUTE.COMMUNITIES:
        for (let at = start; at < end; at += 4) {
          this.marks[id] |= wellKnownCommunities.get(u32(bytes, at)) ?? 0;
        }
        break;
      case ATTRIBUTE.EXTENDED_COMMUNITIES:
        this.linkBandwidth[id] = bandwidthIn(bytes, start, end);
        break;
      case ATTRIBUTE.ORIGINATOR_ID:
        this.originatorId[id] = u32(bytes, start);
        break;
      case ATTRIBUTE.CLUSTER_LIST:
        this.clusterListLength[id] = (end - start) >> 2;
        break;
    }
  }

  #occupy(id: number): void {
    let slot = this.#hashes[id] & this.#mask;
    while (this.#slots[slot] !== EMPTY) slot = (slot + 1) & this.#mask;
    this.#slots[slot] = id;
  }

  /** Deletion by shifting back, so that probing never meets a tombstone. */
  #vacate(id: number): void {
    const slots = this.#slots;
    const mask = this.#mask;
    let hole = this.#hashes[id] & mask;
    while (slots[hole] !== id) hole = (hole + 1) & mask;
    for (let slot = (hole + 1) & mask; slots[slot] !== EMPTY; slot = (slot + 1) & mask) {
      const home = this.#hashes[slots[slot]] & mask;
      if (((slot - home) & mask) >= ((slot - hole) & mask)) {
        slots[hole] = slots[slot];
        hole = slot;
      }
    }
    slots[hole] = EMPTY;
  }

  #grow(): void {
    const capacity = this.#offsets.length * 2;
    this.#offsets = widened(this.#offsets, capacity);
    this.#lengths = widened(this.#lengths, capacity);
    this.#hashes = widened(this.#hashes, capacity);
    this.localPref = widened(this.localPref, capacity);
    this.asPathLength = widened(this.asPathLength, capacity);
    this.origin = widened(this.origin, capacity);
    this.med = widened(this.med, capacity);
    this.firstAs = widened(this.firstAs, capacity);
    this.originatorId = widened(this.originatorId, capacity);
    this.clusterListLength = widened(this.clusterListLength, capacity);
    this.marks = widened(this.marks, capacity);
    this.linkBandwidth = widened(this.linkBandwidth, capacity);
    const slots = this.#slots;
    this.#slots = new Uint32Array(capacity * 2);
    this.#mask = capacity * 2 - 1;
    for (const id of slots) if (id !== EMPTY) this.#occupy(id);
  }
}

function hashOf(bytes: Uint8Array, length: number): number {
  let hash = 0x811c9dc5 ^ length;
  for (let at = 0; at < length; at++) hash = Math.imul(hash ^ bytes[at], 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}
