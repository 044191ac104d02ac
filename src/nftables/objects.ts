import { NftError } from './errors.ts';

/** The address family of a table: IPv4, IPv6 or both; ARP has one of its own. */
export type TableFamily = 'ip' | 'ip6' | 'inet' | 'arp';

/** A table is the unit of ownership: we have one of each family we use, and touch no other. */
export interface Table {
  readonly family: TableFamily;
  readonly name: string;
}

/** The hook that ties a chain to the packet's path; a chain without one is only reached by jumps. */
export interface ChainHook {
  readonly type: 'filter' | 'nat' | 'route';
  readonly hook: 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting';
  /** As a number: −300 raw, −150 mangle, −100 dstnat, 0 filter, 100 srcnat. */
  readonly priority: number;
  readonly policy?: 'accept' | 'drop';
}

export interface Chain {
  readonly name: string;
  readonly base?: ChainHook;
}

/** A named set. `type` is nft's: `ipv4_addr`, `ifname`, `ipv4_addr . inet_proto . inet_service` … */
export interface NamedSet {
  readonly name: string;
  readonly type: string;
  /** `interval` for prefixes and ranges. */
  readonly flags?: readonly ('interval' | 'timeout' | 'dynamic' | 'constant')[];
  /** Seconds for which an element stays; of such a set packets make the elements. */
  readonly timeout?: number;
  /** Lets elements overlap; the kernel then lists their union. */
  readonly autoMerge?: boolean;
}

/** A named map from keys of `type` to values of `value`: `verdict`, `ipv4_addr`, `mark` … */
export interface NamedMap extends Omit<NamedSet, 'autoMerge'> {
  readonly value: string;
}

/** One entry of a map; set elements are just keys. Keys are as nft lists them, without quotes. */
export interface MapElement {
  readonly key: string;
  readonly value: string;
}

/** A rule: matches and statements in nft's language, and a comment by which it can be known again. */
export interface NftRule {
  readonly chain: string;
  readonly expression: string;
  readonly comment?: string;
}

const NAME = /^[a-zA-Z_.][a-zA-Z0-9/_.-]{0,254}$/;

/** The name as it was, if nft would read it as one word. */
export function checkName(name: string, what: string): string {
  if (!NAME.test(name)) throw invalid(`${what} name`, name, 'letters, digits and / _ . - only, 255 at most');
  return name;
}

/**
 * Text that goes into a transaction must not end the statement it stands in: no line breaks, no semicolons outside of
 * quotes, and for elements no braces or commas.
 */
export function checkText(text: string, what: string, forbidden = /[\n\r]/): string {
  if (text === '' || forbidden.test(text)) throw invalid(what, text, 'empty, or with characters that end a statement');
  return text;
}

export const ELEMENT_FORBIDDEN = /[\n\r{},;"]/;

function invalid(what: string, value: string, words: string): NftError {
  return new NftError('NFT_INVALID', `${what} ${JSON.stringify(value)}`, words);
}
