import { KernelError } from './errors.ts';
import type { TableChange } from './table-objects.ts';

/** Elements of nftables' sets and maps, as the kernel has them: keys and values in octets. */

/** The verdict of a map for a key. */
export type ElementVerdict =
  | { readonly verdict: 'accept' | 'drop' | 'return' | 'continue' }
  | { readonly verdict: 'jump' | 'goto'; readonly chain: string };

export interface SetElement {
  /** Of exactly the octets that the set's type has, in network order; an interval's first. */
  readonly key: Uint8Array;
  /** In a set of intervals: the first key behind this one; none where it reaches the largest key. */
  readonly end?: Uint8Array;
  /** In a concatenation of intervals: the last key, part by part. */
  readonly keyEnd?: Uint8Array;
  /** In a map. */
  readonly value?: Uint8Array | ElementVerdict;
}

export interface ElementChange {
  readonly verb: 'add' | 'delete';
  /** Name of the set or map. */
  readonly set: string;
  readonly elements: readonly SetElement[];
}

/** Where elements of one namespace's tables are changed. */
export interface TableElements {
  /** The sender's port in the kernel's notifications. */
  readonly port: number;
  /**
   * Makes all changes in their order, or none and rejects with `ElementError`: `ENOENT` (no such table or set, or an
   * element to delete is not there), `EEXIST` (an interval overlaps, or the key has another value), `EINVAL` (a key of
   * another length), `ENFILE` (the set is full), `EMSGSIZE` (more than one batch can hold), `EPERM`. Adding what is there
   * already changes nothing.
   */
  change(table: { readonly family: string; readonly name: string }, changes: readonly TableChange[]): Promise<void>;
  /** Closes after what is under way is finished. */
  close(): void;
}

/** The kernel refused a batch of elements. */
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
