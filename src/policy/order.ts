import type { Policy, Tier } from './form.ts';

/** The tiers that always exist, whatever the datastore says. */
export const BUILT_IN_TIERS: readonly Tier[] = [
  { name: 'kube-admin', order: 1_000, defaultAction: 'Pass' },
  { name: 'default', order: 1_000_000, defaultAction: 'Deny' },
  { name: 'kube-baseline', order: 10_000_000, defaultAction: 'Pass' },
];

/** By order, then by name. */
export function compareTiers(a: Tier, b: Tier): number {
  return compareNumbers(a.order, b.order) || compareTexts(a.name, b.name);
}

/** Within a tier: by order, then by name, namespace and kind, so that a global policy comes before its namesakes. */
export function comparePolicies(a: Policy, b: Policy): number {
  return compareNumbers(a.order, b.order) || compareTexts(key(a), key(b));
}

function key({ id }: Policy): string {
  return `${id.name}/${id.namespace ?? ''}/${id.kind}`;
}

/** Tiers as they are known by name: those of the datastore, the built-in ones, and such as nobody made. */
export class TierOrder {
  readonly #known: ReadonlyMap<string, Tier>;

  constructor(given: Iterable<Tier>) {
    this.#known = new Map([...given, ...BUILT_IN_TIERS].map((tier) => [tier.name, tier]));
  }

  /** A tier that policies name and nobody made comes last and denies. */
  tierOf(name: string): Tier {
    return this.#known.get(name) ?? { name, order: Number.POSITIVE_INFINITY, defaultAction: 'Deny' };
  }

  compare(a: Tier, b: Tier): number {
    return Number(!this.#known.has(a.name)) - Number(!this.#known.has(b.name)) || compareTiers(a, b);
  }
}

/** Infinities are equal to each other, which a difference would not say. */
function compareNumbers(a: number, b: number): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
