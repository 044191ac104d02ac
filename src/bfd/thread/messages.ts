import type { BfdAccount, BfdNeighbour } from '../session/index.ts';

/** Orders of the node to the thread. */
export type BfdOrder =
  | { readonly kind: 'configure'; readonly neighbours: readonly BfdNeighbour[] }
  | { readonly kind: 'close' };

/** News of the thread for the node: changes alone. */
export type BfdNews =
  | { readonly kind: 'account'; readonly account: BfdAccount }
  | { readonly kind: 'listening'; readonly port: number; readonly problem: string | undefined }
  /** With what the kernel keeps from the thread, and what to do. */
  | { readonly kind: 'scheduled'; readonly problem: string | undefined }
  | { readonly kind: 'closed' };

/** The settings that the thread begins with. */
export interface BfdBeginning {
  readonly totals: SharedArrayBuffer;
  readonly gate: SharedArrayBuffer;
}
