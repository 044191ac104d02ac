import * as z from 'zod';
import { NftError } from './errors.ts';
import type { MapElement } from './objects.ts';

/** A table as nft lists it, short of what rules say: their comments tell which they are. */
export interface TableListing {
  readonly chains: readonly ListedChain[];
  readonly sets: readonly ListedSet[];
  readonly maps: readonly ListedMap[];
  readonly rules: readonly ListedRule[];
}

export interface ListedChain {
  readonly name: string;
  readonly type?: string;
  readonly hook?: string;
  readonly priority?: number;
  readonly policy?: string;
}

export interface ListedSet {
  readonly name: string;
  readonly type: string;
  readonly flags: readonly string[];
  readonly elements: readonly string[];
}

export interface ListedMap {
  readonly name: string;
  readonly type: string;
  readonly value: string;
  readonly entries: readonly MapElement[];
}

export interface ListedRule {
  readonly chain: string;
  readonly handle: number;
  readonly comment?: string;
}

const typeText = z
  .union([z.string(), z.array(z.string())])
  .transform((type) => (Array.isArray(type) ? type.join(' . ') : type));
const flags = z
  .union([z.string(), z.array(z.string())])
  .default([])
  .transform((value) => (Array.isArray(value) ? value : [value]));
const setFields = { name: z.string(), type: typeText, flags, elem: z.array(z.unknown()).default([]) };

const listed = z.object({
  chain: z
    .object({
      name: z.string(),
      type: z.string().optional(),
      hook: z.string().optional(),
      prio: z.number().optional(),
      policy: z.string().optional(),
    })
    .optional(),
  set: z.object(setFields).optional(),
  map: z.object({ ...setFields, map: typeText }).optional(),
  rule: z.object({ chain: z.string(), handle: z.number(), comment: z.string().optional() }).optional(),
});

const output = z.object({ nftables: z.array(listed) });

/** Reads what `nft -j list table` prints; anything else throws `NftError` with the code `NFT_OUTPUT`. */
export function parseListing(json: string): TableListing {
  try {
    return readItems(output.parse(JSON.parse(json)).nftables);
  } catch (error) {
    throw new NftError('NFT_OUTPUT', 'nft -j list table', 'answered with something else than a listing', {
      cause: error,
    });
  }
}

function readItems(items: readonly z.infer<typeof listed>[]): TableListing {
  return {
    chains: items.flatMap(({ chain }) => (chain === undefined ? [] : [listedChain(chain)])),
    sets: items.flatMap(({ set }) =>
      set === undefined
        ? []
        : [{ name: set.name, type: set.type, flags: set.flags, elements: set.elem.map(elementText) }],
    ),
    maps: items.flatMap(({ map }) =>
      map === undefined ? [] : [{ name: map.name, type: map.type, value: map.map, entries: map.elem.map(entryOf) }],
    ),
    rules: items.flatMap(({ rule }) => {
      if (rule === undefined) return [];
      const { chain, handle, comment } = rule;
      return [{ chain, handle, ...(comment === undefined ? {} : { comment }) }];
    }),
  };
}

type ChainItem = NonNullable<z.infer<typeof listed>['chain']>;

function listedChain({ name, type, hook, prio, policy }: ChainItem): ListedChain {
  return {
    name,
    ...(type === undefined ? {} : { type }),
    ...(hook === undefined ? {} : { hook }),
    ...(prio === undefined ? {} : { priority: prio }),
    ...(policy === undefined ? {} : { policy }),
  };
}

/** An element in the words that it would be added with: an address, `10.0.0.0/8`, `1-9`, `a . b`. */
function elementText(element: unknown): string {
  if (typeof element === 'string' || typeof element === 'number') return String(element);
  if (typeof element !== 'object' || element === null) return '';
  if ('prefix' in element) {
    const { addr, len } = z.object({ addr: z.string(), len: z.number() }).parse(element.prefix);
    return `${addr}/${len}`;
  }
  if ('range' in element && Array.isArray(element.range)) return element.range.map(elementText).join('-');
  if ('concat' in element && Array.isArray(element.concat)) return element.concat.map(elementText).join(' . ');
  if ('elem' in element) return elementText(element.elem);
  if ('val' in element) return elementText(element.val);
  return verdictText(element);
}

/** `{"goto":{"target":"x"}}` → `goto x`, `{"drop":null}` → `drop`. */
function verdictText(verdict: object): string {
  const [[word, detail] = ['', null]] = Object.entries(verdict);
  const target = typeof detail === 'object' && detail !== null && 'target' in detail ? ` ${detail.target}` : '';
  return `${word}${target}`;
}

function entryOf(element: unknown): MapElement {
  if (!Array.isArray(element)) return { key: elementText(element), value: '' };
  return { key: elementText(element[0]), value: elementText(element[1]) };
}
