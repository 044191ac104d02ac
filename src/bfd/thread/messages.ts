import type { BfdAccount, BfdNeighbour } from '../session/index.ts';

/** What the node tells the thread. */
export type BfdOrder =
  | { readonly kind: 'configure'; readonly neighbours: readonly BfdNeighbour[] }
  | { readonly kind: 'close' };

/** What the thread tells the node: changes alone. */
export type BfdNews =
  | { readonly kind: 'account'; readonly account: BfdAccount }
  | { readonly kind: 'listening'; readonly port: number; readonly problem: string | undefined }
  | { readonly kind: 'closed' };

/** What the thread begins with. */
export interface BfdBeginning {
  readonly totals: SharedArrayBuffer;
}
