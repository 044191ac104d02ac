import type { PrefixTable } from '../../../base/index.ts';
import { encodeAnnouncements, encodeEndOfRib, encodeWithdrawals, Slab, type UpdateEncoding } from '../../wire/index.ts';
import type { AttributePool } from '../pool/attribute-pool.ts';
import type { NextHopTable } from '../pool/next-hops.ts';
import type { AdjRibOut } from './adj-rib-out.ts';
import type { ExportContext } from './export-context.ts';
import type { Outgoing } from './outgoing.ts';

/** The tables that the writer reads from. */
export interface WriterTables {
  readonly prefixes: PrefixTable;
  readonly pool: AttributePool;
  readonly nextHops: NextHopTable;
  readonly outgoing: Outgoing;
  readonly adj: AdjRibOut;
}

/** TimeSlices entries of Adj-RIB-Out into UPDATE messages, and hands them out by the batch. */
export class UpdateWriter {
  readonly #encoding: UpdateEncoding;
  readonly #tables: WriterTables;
  readonly #slab = new Slab(4096);
  #messages = 0;

  constructor(context: ExportContext, tables: WriterTables) {
    this.#encoding = context;
    this.#tables = tables;
  }

  /** Messages written since the last `take`. */
  get messages(): number {
    return this.#messages;
  }

  /** The bytes written since the last `take`, as a copy of their own that sockets may hold on to. */
  take(): Uint8Array {
    const bytes = this.#slab.view().slice();
    this.#slab.reset();
    this.#messages = 0;
    return bytes;
  }

  withdraw(entries: readonly number[]): void {
    this.#messages += encodeWithdrawals(this.#slab, this.#encoding, this.#list(entries));
  }

  /** False when the attributes leave no room for a prefix: such a route can't be sent (RFC 8654 §4). */
  announce(out: number, entries: readonly number[]): boolean {
    const { pool, nextHops, outgoing } = this.#tables;
    const attributes = pool.bytes(outgoing.attributes(out));
    const nextHop = nextHops.bytes(outgoing.nextHop(out));
    const written = encodeAnnouncements(this.#slab, this.#encoding, attributes, nextHop, this.#list(entries));
    this.#messages += written;
    return written > 0;
  }

  endOfRib(): Uint8Array {
    return encodeEndOfRib(this.#encoding.family);
  }

  #list(entries: readonly number[]) {
    const { adj, prefixes } = this.#tables;
    const list = { source: prefixes, indices: entries, from: 0, to: entries.length };
    if (!adj.addPath) return list;
    const indices = entries.map((entry) => adj.prefix(entry));
    return { ...list, indices, pathIds: entries.map((entry) => adj.pathId(entry)) };
  }
}
