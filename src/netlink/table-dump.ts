import type { ElementVerdict } from './table-elements.ts';
import type { HookDeclaration } from './table-objects.ts';

/** A table as the kernel tells of it: what a rule says is left out, as its comment tells which it is. */
export interface TableDump {
  readonly chains: readonly DumpedChain[];
  readonly rules: readonly DumpedRule[];
  readonly sets: readonly (DumpedSet & { readonly elements: readonly DumpedElement[] })[];
}

export interface DumpedChain {
  readonly chain: string;
  readonly base?: { readonly [Key in keyof HookDeclaration]: Key extends 'priority' ? number : string };
}

export interface DumpedRule {
  readonly chain: string;
  readonly handle: number;
  readonly comment?: string;
}

/** A set or map, by the kernel's numbers. */
export interface DumpedSet {
  readonly set: string;
  readonly flags: number;
  readonly type: number;
  readonly dataType?: number;
}

export interface DumpedElement {
  readonly key: Uint8Array;
  readonly keyEnd?: Uint8Array;
  /** Here an interval has ended. */
  readonly isEnd: boolean;
  readonly verdict?: ElementVerdict;
}
