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
