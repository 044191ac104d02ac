import type { Attribute } from './attributes.ts';

/** One line of the book: an address went to somebody, or came back. */
export interface LedgerEntry {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly event: 'assigned' | 'released';
  readonly address: string;
  readonly handleId?: string | undefined;
  readonly attributes?: Readonly<Record<string, string>> | undefined;
}

/**
 * The append-only book of who had which address when. It is written after the block, by whoever wrote the block;
 * it never decides anything, so a failure to write it is reported and not fatal.
 */
export interface Ledger {
  append(entries: readonly LedgerEntry[]): void;
}

export const noLedger: Ledger = { append: () => {} };

export function ledgerEntry(event: LedgerEntry['event'], time: number, address: string, owner: Attribute): LedgerEntry {
  return { time, event, address, handleId: owner.handle_id, attributes: owner.secondary };
}

/** A time during which somebody had an address. */
export interface Tenancy {
  readonly from: number;
  /** Undefined: has it still. */
  readonly until: number | undefined;
  readonly handleId?: string | undefined;
  readonly attributes?: Readonly<Record<string, string>> | undefined;
}

/** The holders of an address, one after another. The entries are one address's, of one ledger or of several. */
export function tenancies(entries: readonly LedgerEntry[]): readonly Tenancy[] {
  const spells: Tenancy[] = [];
  for (const { event, time, handleId, attributes } of [...entries].sort((a, b) => a.time - b.time)) {
    const last = spells.at(-1);
    if (event === 'assigned') {
      // A release that was never written down ends where the next tenancy begins.
      if (last !== undefined && last.until === undefined) spells[spells.length - 1] = { ...last, until: time };
      spells.push({ from: time, until: undefined, handleId, attributes });
    } else if (last !== undefined && last.until === undefined) {
      spells[spells.length - 1] = { ...last, until: time };
    } else {
      // The book begins in the middle of this one.
      spells.push({ from: Number.NEGATIVE_INFINITY, until: time, handleId, attributes });
    }
  }
  return spells;
}

/** The holder of the address at a time, in milliseconds since 1970. */
export function tenantAt(entries: readonly LedgerEntry[], time: number): Tenancy | undefined {
  return tenancies(entries).findLast(({ from, until }) => from <= time && (until === undefined || time < until));
}
