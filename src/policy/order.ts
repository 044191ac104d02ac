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

/** Infinities are equal to each other, which a difference would not say. */
function compareNumbers(a: number, b: number): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
