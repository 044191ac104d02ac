type Loose = Record<string, unknown>;

/** What a patch makes of an object: JSON merge patch (RFC 7396), or Kubernetes' strategic one, which finds conditions by their type. */
export function merge(into: unknown, patch: unknown, strategic: boolean): unknown {
  if (strategic && Array.isArray(into) && Array.isArray(patch)) return mergeByType(into as Loose[], patch as Loose[]);
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const base = typeof into === 'object' && into !== null && !Array.isArray(into) ? (into as Loose) : {};
  const result: Loose = { ...base };
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else result[name] = merge(base[name], value, strategic);
  }
  return result;
}

function mergeByType(into: readonly Loose[], patch: readonly Loose[]): readonly unknown[] {
  const merged = new Map(into.map((entry) => [entry['type'], entry]));
  for (const entry of patch) merged.set(entry['type'], { ...merged.get(entry['type']), ...entry });
  return [...merged.values()];
}
