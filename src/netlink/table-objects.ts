import type { ElementVerdict, SetElement } from './table-elements.ts';

/** Tables, chains, rules and sets of nftables, as the kernel has them. */

/** One step of a rule. It reads and writes registers; a comparison that fails ends the rule. */
export type RuleExpression =
  | { readonly kind: 'meta'; readonly key: 'l4proto' | 'iifname' | 'oifname' | 'mark'; readonly to: number }
  | { readonly kind: 'connection state'; readonly to: number }
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
  /** Without `xor` no bit is turned over. */
  | { readonly kind: 'mask'; readonly register: number; readonly mask: Uint8Array; readonly xor?: Uint8Array }
  | { readonly kind: 'set mark'; readonly from: number }
  /** In a map the value found is the verdict. */
  | {
      readonly kind: 'lookup';
      readonly set: string | AnonymousSet;
      readonly from: number;
      readonly isNot?: boolean;
      readonly isMap?: boolean;
    }
  | { readonly kind: 'count' }
  | { readonly kind: 'verdict'; readonly verdict: ElementVerdict };

/** What a set is declared as: the numbers that nft has for types, of which the kernel just keeps note. */
export interface SetDeclaration {
  readonly type: number;
  /** Of a key. */
  readonly octets: number;
  readonly isInterval: boolean;
  /** Of the octets of a key; a concatenation has none. */
  readonly order: ByteOrder;
  /** Whether each key has a verdict. */
  readonly isMap: boolean;
}

export type ByteOrder = 'none' | 'host' | 'network';

/** A set or map of one rule, with which it comes and goes. */
export interface AnonymousSet {
  readonly declaration: SetDeclaration;
  readonly elements: readonly SetElement[];
}

/** What ties a chain to the packet's path. */
export interface HookDeclaration {
  readonly type: 'filter' | 'nat' | 'route';
  readonly hook: 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting';
  readonly priority: number;
  readonly policy: 'accept' | 'drop';
}

export type ObjectChange =
  | { readonly verb: 'add table' | 'delete table' }
  | { readonly verb: 'add chain'; readonly chain: string; readonly base?: HookDeclaration | undefined }
  | { readonly verb: 'empty chain' | 'delete chain'; readonly chain: string }
  | {
      readonly verb: 'add rule';
      readonly chain: string;
      readonly expressions: readonly RuleExpression[];
      readonly comment: string | undefined;
    }
  | { readonly verb: 'add set'; readonly set: string; readonly declaration: SetDeclaration }
  | { readonly verb: 'delete set'; readonly set: string };
