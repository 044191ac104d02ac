import type { Schema } from '../../fakes/api-server/schema.ts';

/** A value with one thing about it that its schema may have something to say to. */
export interface Variant {
  /** The thing, such as `egress[].action: too long`. */
  readonly what: string;
  readonly value: unknown;
}

/** The smallest value of a schema. */
export function sampleOf(schema: Schema): unknown {
  if (schema.enum !== undefined) return schema.enum[0];
  if (schema['x-kubernetes-int-or-string']) return 1;
  if (schema.type === 'object') return withRequired(schema, {});
  if (schema.type === 'array') return Array.from({ length: schema.minItems ?? 0 }, () => sampleOf(schema.items!));
  if (schema.type === 'integer' || schema.type === 'number') return schema.minimum ?? 1;
  if (schema.type === 'boolean') return true;
  if (schema.format === 'cidr') return '10.0.0.0/8';
  return 'a'.repeat(Math.max(schema.minLength ?? 1, 1));
}

function withRequired(schema: Schema, given: Readonly<Record<string, unknown>>): object {
  const needed = (schema.required ?? []).filter((name) => !(name in given));
  const members = needed.map((name) => [name, sampleOf(schema.properties?.[name] ?? {})] as const);
  return { ...Object.fromEntries(members), ...given };
}

/** Every place of a schema, with values around each of its bounds there. */
export function variantsOf(schema: Schema, what = ''): readonly Variant[] {
  const own = ownVariants(schema).map(([about, value]) => ({ what: `${what}: ${about}`, value }));
  if (schema.type === 'array') {
    const items = variantsOf(schema.items!, `${what}[]`).map((variant) => ({ ...variant, value: [variant.value] }));
    return [...own, ...items];
  }
  const missing = (schema.required ?? []).map((name) => {
    const { [name]: _, ...rest } = withRequired(schema, {}) as Record<string, unknown>;
    return { what: `${what}: without ${name}`, value: rest };
  });
  const members = Object.entries(schema.properties ?? {}).flatMap(([name, member]) =>
    variantsOf(member, what === '' ? name : `${what}.${name}`).map((variant) => ({
      ...variant,
      value: withRequired(schema, { [name]: variant.value }),
    })),
  );
  const others = schema.additionalProperties;
  const mapped = others === undefined ? [] : variantsOf(others, `${what}{}`);
  return [...own, ...missing, ...members, ...mapped.map((variant) => ({ ...variant, value: { k: variant.value } }))];
}

function ownVariants(schema: Schema): readonly (readonly [what: string, value: unknown])[] {
  const of: (readonly [string, unknown])[] = [
    ['the smallest', sampleOf(schema)],
    ['null', null],
    ['a text', 'x y'],
    ['no text', ''],
    ['a number', 7],
    ['a fraction', 1.5],
    ['a truth', true],
    ['a list', []],
    ['an object', {}],
  ];
  if (schema.type === 'integer') of.push(['beyond 32 bits', 2 ** 40]);
  if (schema.minimum !== undefined) of.push(['too small', schema.minimum - 1]);
  if (schema.maximum !== undefined) of.push(['the greatest', schema.maximum], ['too great', schema.maximum + 1]);
  if (schema.maxLength !== undefined) {
    of.push(['the longest', 'é'.repeat(schema.maxLength)], ['too long', 'é'.repeat(schema.maxLength + 1)]);
  }
  if (schema.enum !== undefined) of.push(...schema.enum.map((one) => [`${one}`, one] as const));
  if (schema.format === 'cidr') {
    for (const cidr of [
      'fd00::/8',
      '10.0.0.1/8',
      '10.0.0.0',
      '10.0.0.0/33',
      '010.0.0.0/8',
      '10.0.0.0/08',
      '::ffff:10.0.0.0/104',
    ]) {
      of.push([cidr, cidr]);
    }
  }
  if (schema.type === 'array') {
    const item = sampleOf(schema.items!);
    of.push(['one', [item]], ['the same twice', [item, item]], ['a null in it', [null]]);
    if (schema.maxItems !== undefined && schema.maxItems < 100) {
      of.push(['too many', Array.from({ length: schema.maxItems + 1 }, () => item)]);
    }
  }
  return of;
}
