import type { ElementVerdict } from './table-elements.ts';

/** Chains, rules and sets of nftables' tables, as the kernel has them. */

/** One step of a rule. It reads and writes registers; a comparison that fails ends the rule. */
export type RuleExpression =
  | { readonly kind: 'meta'; readonly key: 'l4proto'; readonly to: number }
  | {
      readonly kind: 'payload';
      readonly base: 'network' | 'transport';
      readonly offset: number;
      readonly octets: number;
      readonly to: number;
    }
  | {
      readonly kind: 'compare';
      readonly is: '==' | '!=' | '<=' | '>=';
      readonly from: number;
      readonly value: Uint8Array;
    }
  | { readonly kind: 'outside'; readonly from: number; readonly first: Uint8Array; readonly last: Uint8Array }
  | { readonly kind: 'mask'; readonly register: number; readonly mask: Uint8Array }
  | { readonly kind: 'lookup'; readonly set: string; readonly from: number; readonly isNot: boolean }
  | { readonly kind: 'count' }
  | { readonly kind: 'verdict'; readonly verdict: ElementVerdict };

/** What a set is declared as: the numbers that nft has for types, of which the kernel just keeps note. */
export interface SetDeclaration {
  readonly type: number;
  /** Of a key. */
  readonly octets: number;
  readonly isInterval: boolean;
  /** Whether a key is one number in network order; a concatenation is not. */
  readonly isNumber: boolean;
}

export type ObjectChange =
  | { readonly verb: 'add chain' | 'empty chain' | 'delete chain'; readonly chain: string }
  | {
      readonly verb: 'add rule';
      readonly chain: string;
      readonly expressions: readonly RuleExpression[];
      readonly comment: string | undefined;
    }
  | { readonly verb: 'add set'; readonly set: string; readonly declaration: SetDeclaration }
  | { readonly verb: 'delete set'; readonly set: string };
