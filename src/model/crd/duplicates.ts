import { type FieldError, ValidationError } from '../errors.ts';
import { fieldName } from '../go-names.ts';
import type { KindName, ResourceOf } from '../registry.ts';
import { traitsOf } from './traits.ts';

/**
 * Throws `ValidationError` where a list that is a set has a value twice. The API server refuses that; other datastores, as
 * Calico's client, take it.
 */
export function refuseDuplicates(resource: ResourceOf<KindName>): void {
  const { sets = [] } = traitsOf(resource.kind);
  const errors = sets.flatMap((place) => duplicatesAt(resource.spec, place.split('.'), []));
  if (errors.length > 0) throw new ValidationError(errors);
}

/** A step of `place` that ends in `[]` is a list, each of whose items the rest is about. */
function duplicatesAt(value: unknown, place: readonly string[], path: readonly PropertyKey[]): readonly FieldError[] {
  if (value === undefined || value === null) return [];
  const [step, ...rest] = place;
  if (step === undefined) return Array.isArray(value) ? repeatedIn(value, path) : [];
  const key = step.replace('[]', '');
  const under = Reflect.get(Object(value), key);
  if (key === step) return duplicatesAt(under, rest, [...path, key]);
  return Array.isArray(under) ? under.flatMap((item, at) => duplicatesAt(item, rest, [...path, key, at])) : [];
}

function repeatedIn(list: readonly unknown[], path: readonly PropertyKey[]): readonly FieldError[] {
  const seen = new Set<string>();
  return list.flatMap((value, at) => {
    const text = JSON.stringify(value);
    if (seen.has(text)) return { name: fieldName([...path, at]), value, reason: `Duplicate value: ${text}` };
    seen.add(text);
    return [];
  });
}
