import type { Clock, Log } from '../../src/base/index.ts';
import { changeTo, wholeTable } from '../../src/dataplane/filter/changes.ts';
import { Composition } from '../../src/dataplane/filter/composition.ts';
import {
  type FailedFilter,
  type FilterEntry,
  FilterReconciler,
  type FilterRoom,
  type FilterTable,
} from '../../src/dataplane/filter/index.ts';
import { kernelTable } from '../../src/dataplane/filter/kernel-table.ts';
import { type FilterInputs, FilterTables } from '../../src/dataplane/tables.ts';
import type { Nft, TableListing, Transaction } from '../../src/nftables/index.ts';

/** The packet filter by itself, with the rooms' tables but those of limits. */
export class PacketFilter {
  readonly filter: FilterReconciler;
  readonly #tables: FilterRoom;
  readonly #made = new FilterTables();

  constructor(options: { nft: Nft; clock: Clock; log: Log }) {
    this.filter = new FilterReconciler(options);
    this.#tables = this.filter.room();
  }

  apply(inputs: FilterInputs): Promise<void> {
    return this.#tables.want(this.#made.of(inputs));
  }

  resync(): Promise<void> {
    return this.filter.look();
  }

  failures(): readonly FailedFilter[] {
    return this.#tables.failures();
  }

  entries(): readonly FilterEntry[] {
    return this.#tables.entries();
  }

  stop(): void {
    this.filter.stop();
  }
}

/** Our tables for these inputs. */
export function filterTables(inputs: FilterInputs): readonly FilterTable[] {
  return new FilterTables().of(inputs);
}

/** What nft would be told to make the table anew; undefined when there should be none. */
export function textOf(table: FilterTable | undefined): string | undefined {
  return table === undefined || table.parts.size === 0
    ? undefined
    : wholeTable(table.table, composed(table)).transaction.text;
}

/** What makes the table, as it is listed, what it should be. */
export function changesTo(table: FilterTable, found: TableListing | undefined): Transaction {
  const composition = composed(table);
  const kernel = found && kernelTable(found);
  const touched = new Map([...composition.objects()].map((name) => [name, new Set<string>()] as const));
  for (const [name, { elements }] of kernel ?? []) touched.set(name, new Set(elements.keys()));
  for (const name of composition.objects()) {
    for (const piece of composition.object(name)?.pieces ?? []) {
      if (piece.kind !== 'chain') for (const key of piece.elements.keys()) touched.get(name)?.add(key);
    }
  }
  return changeTo(table.table, composition, kernel, touched).transaction;
}

function composed({ parts }: FilterTable): Composition {
  const composition = new Composition();
  for (const [key, part] of parts) composition.put(key, part);
  return composition;
}
