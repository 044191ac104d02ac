import { KernelError } from './errors.ts';
import type { TableDump } from './table-dump.ts';
import type { ElementChange } from './table-elements.ts';
import type { ObjectChange } from './table-objects.ts';

/** Changes of nftables' tables: one batch of the kernel's, one transaction. */

export type BatchChange = ElementChange | ObjectChange;

/** Where the tables of one namespace are changed. */
export interface TableElements {
  /** The sender's port in the kernel's notifications. */
  readonly port: number;
  /**
   * Makes all changes in their order, or none and rejects with `ElementError`: `ENOENT` (no such table or set, or an
   * element to delete is not there), `EEXIST` (an interval overlaps, or the key has another value), `EINVAL` (a key of
   * another length), `ENFILE` (the set is full), `EMSGSIZE` (more than one batch can hold), `EPERM`. Adding what is there
   * already changes nothing.
   */
  change(table: { readonly family: string; readonly name: string }, changes: readonly BatchChange[]): Promise<void>;
  /** Whether there is such a table. Rejects with `ElementError` where that can't be asked. */
  has(table: { readonly family: string; readonly name: string }): Promise<boolean>;
  /**
   * All of a table that is there, as it was at one moment. Rejects with `ElementError`: `EAGAIN` where somebody changes
   * tables all the time, `ENOENT` where the table has gone.
   */
  read(table: { readonly family: string; readonly name: string }): Promise<TableDump>;
  /** Closes after what is under way is finished. */
  close(): void;
}

/** The kernel refused a batch of changes. */
export class ElementError extends KernelError {
  /** The change and the element of it that the kernel has something against, where it says which. */
  readonly change: number | undefined;
  readonly element: number | undefined;

  constructor(code: string, reason: string, at: { readonly change?: number; readonly element?: number } = {}) {
    super(code, 'nftables elements', reason);
    this.change = at.change;
    this.element = at.element;
  }
}
