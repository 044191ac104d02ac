import type { AllocationAttribute } from '../model/index.ts';

/** The holder of an address: the handle, and Calico's `secondary` keys (pod, namespace, node, type, timestamp). */
export type Attribute = AllocationAttribute;

/** The address rests since `wallTime`: it is nobody's, and nobody may have it. */
export function cooling(attribute: Attribute, wallTime: number): Attribute {
  return { ...attribute, releasedAt: `${new Date(wallTime).toISOString().slice(0, 19)}Z` };
}

export function isCooling(attribute: Attribute | undefined): boolean {
  return attribute?.releasedAt !== undefined;
}

/** Deeply equal, whatever the order of keys: then two allocations share one entry of the block. */
export function sameAttribute(a: Attribute, b: Attribute): boolean {
  return a.handle_id === b.handle_id && sameValue(a, b);
}

function sameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  for (const key of keys) if (!sameValue(Reflect.get(a, key), Reflect.get(b, key))) return false;
  return true;
}

/** Drops the attributes that no allocation refers to, and renumbers the others in their order. */
export function withoutUnused(
  allocations: readonly (number | null)[],
  attributes: readonly Attribute[],
): { readonly allocations: (number | null)[]; readonly attributes: Attribute[] } {
  const used = new Set(allocations);
  const kept: Attribute[] = [];
  const renumbered: readonly (number | null)[] = attributes.map((attribute, index) =>
    used.has(index) ? kept.push(attribute) - 1 : null,
  );
  return { allocations: allocations.map((index) => (index === null ? null : renumbered[index])), attributes: kept };
}
