import * as z from 'zod';
import { NftError } from './errors.ts';

/**
 * A table with all that its rules say, as `nft -j list table` prints it: for those who work out what the kernel does with
 * a packet. What a reconciler needs is less (`listing.ts`).
 */
export interface Ruleset {
  /** Rules by chain, in their order. */
  readonly chains: ReadonlyMap<string, readonly RulesetRule[]>;
  readonly sets: ReadonlyMap<string, readonly unknown[]>;
  readonly maps: ReadonlyMap<string, readonly (readonly [key: unknown, value: unknown])[]>;
}

export interface RulesetRule {
  readonly statements: readonly Statement[];
  readonly comment?: string | undefined;
}

/** One statement: its word, and what it is given (`{"jump": {"target": "x"}}`). */
export type Statement = readonly [word: string, given: unknown];

const statement = z.record(z.string(), z.unknown()).transform((object, context): Statement => {
  const [first, ...more] = Object.entries(object);
  if (first !== undefined && more.length === 0) return first;
  context.addIssue({ code: 'custom', message: 'a statement has one word' });
  return z.NEVER;
});

const item = z.object({
  chain: z.object({ name: z.string() }).optional(),
  rule: z.object({ chain: z.string(), expr: z.array(statement), comment: z.string().optional() }).optional(),
  set: z.object({ name: z.string(), elem: z.array(z.unknown()).default([]) }).optional(),
  map: z.object({ name: z.string(), elem: z.array(z.tuple([z.unknown(), z.unknown()])).default([]) }).optional(),
});

const output = z.object({ nftables: z.array(item) });

/** Reads the listing of one table; anything else throws `NftError` with the code `NFT_OUTPUT`. */
export function parseRuleset(json: string): Ruleset {
  let items: z.output<typeof output>['nftables'];
  try {
    items = output.parse(JSON.parse(json)).nftables;
  } catch (error) {
    throw new NftError('NFT_OUTPUT', 'nft -j list table', 'answered with something else than a table', {
      cause: error,
    });
  }
  const chains = new Map<string, RulesetRule[]>();
  for (const { chain } of items) if (chain !== undefined) chains.set(chain.name, []);
  for (const { rule } of items) {
    if (rule !== undefined) chains.get(rule.chain)?.push({ statements: rule.expr, comment: rule.comment });
  }
  return {
    chains,
    sets: new Map(items.flatMap(({ set }) => (set === undefined ? [] : [[set.name, set.elem] as const]))),
    maps: new Map(items.flatMap(({ map }) => (map === undefined ? [] : [[map.name, map.elem] as const]))),
  };
}
