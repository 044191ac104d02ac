/** The effect of a stored field on a node. */
export type FieldEffect =
  /** It means what Calico means by it. */
  | { readonly kind: 'acted on' }
  /** It does nothing here, and nothing is less protected for it. Nodes tell of it where `when` holds of its value. */
  | { readonly kind: 'no effect'; readonly why: string; readonly when?: (value: unknown) => boolean }
  /** It is to protect something, and does not: a problem of every node where `when` holds of its value. */
  | { readonly kind: 'unmet'; readonly why: string; readonly when: (value: unknown) => boolean };

export const ACTED_ON: FieldEffect = { kind: 'acted on' };

/** `when`: values that ask for something else than what is so anyway; none unless told otherwise. */
export function noEffect(why: string, when?: (value: unknown) => boolean): FieldEffect {
  return { kind: 'no effect', why, ...(when && { when }) };
}

/** `when` holds of every value that says anything unless told otherwise. */
export function unmet(why: string, when: (value: unknown) => boolean = isSaid): FieldEffect {
  return { kind: 'unmet', why, when };
}

/** In Go's JSON an empty value is an absent one. */
function isSaid(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '' && !(Array.isArray(value) && value.length === 0);
}

/** The same effect for several fields. */
export function each<const Field extends string>(
  fields: readonly Field[],
  effect: FieldEffect,
): Record<Field, FieldEffect> {
  return Object.fromEntries(fields.map((field) => [field, effect])) as Record<Field, FieldEffect>;
}

/** An effect for every field of a spec: the compiler finds the one that is missing, or is none. */
export type EffectsOf<Spec> = { readonly [Field in keyof Spec]-?: FieldEffect };
