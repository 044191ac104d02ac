import { Entries } from '../../base/index.ts';
import type { Table } from '../../nftables/index.ts';
import type { Contents } from './contents.ts';

/** A table of ours: its name is how we know it again after a crash. */
export interface FilterTable {
  /** Its purpose, in the words of `status` and of failures. */
  readonly what: string;
  readonly table: Table;
  /** By name. None: there should be no such table. */
  readonly parts: Entries<FilterPart>;
  /** The kernel's module without which the table is refused. */
  readonly module?: string;
}

/** A part that stands or falls by itself: where the kernel refuses one part of a table, the others hold. */
export interface FilterPart {
  /** Its description for failures; absent where the table's own words say it. */
  readonly what?: string;
  /**
   * Among the parts of a table: what comes first stands first in a chain that they share, and is led to by the later.
   */
  readonly order: number;
  readonly contents: Contents;
  /**
   * The replacement while the kernel refuses the contents and has taken none of the part before: others may need it.
   */
  readonly instead?: Contents;
  /**
   * Names of parts by which it means what it should. While one of them is refused, `instead` is put in its place, also
   * where the kernel has taken the part before.
   */
  readonly needs?: readonly string[];
  /** Why it must not be written; it is dealt with as if the kernel had refused it, and not tried before it changes. */
  readonly refusal?: string;
  /** Nobody knows how much it holds: where the kernel refuses it, it is tried again later than others. */
  readonly isLarge?: true;
}

/** A rule or an entry of a map as nft reads it, and why it is there. */
export interface ExplainedLine {
  readonly text: string;
  readonly why: string;
}

/** A table of a few parts, in their order. */
export function tableOf(table: Table, what: string, parts: readonly (Contents | undefined)[]): FilterTable {
  const named = parts.flatMap((contents, order) =>
    contents === undefined ? [] : [[String(order), { order, contents }] as const],
  );
  return { what, table, parts: Entries.of<FilterPart>(named) };
}

/** Parts that others build upon come first; what goes comes last. */
export function inOrder(parts: FilterTable['parts'], keys: Iterable<string>): readonly string[] {
  const orderOf = (key: string): number => parts.get(key)?.order ?? Number.POSITIVE_INFINITY;
  return [...keys]
    .map((key) => [key, orderOf(key)] as const)
    .sort(([, a], [, b]) => (a === b ? 0 : a - b))
    .map(([key]) => key);
}

/** How a table is called in nft, and everywhere here. */
export function nameOf({ family, name }: Table): string {
  return `${family} ${name}`;
}

/** Explains a part of the table to people. */
export function explain(table: Table, { maps = [], chains }: Contents): readonly ExplainedLine[] {
  const at = nameOf(table);
  return [
    ...chains.flatMap(([{ name }, rules]) =>
      rules.map(({ expression, why }) => ({ text: `${at} ${name} ${expression}`, why })),
    ),
    ...maps.flatMap(([map, entries]) =>
      entries.map(({ key, value, why }) => ({ text: `${at} ${map.name} { ${key} : ${value} }`, why })),
    ),
  ];
}
