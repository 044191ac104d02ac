import type * as z from 'zod';

/** The parts of a schema that walks over values look at; zod keeps them in `def`. */
interface Definition {
  readonly type: string;
  readonly shape?: Readonly<Record<string, z.ZodType>>;
  readonly innerType?: z.ZodType;
  readonly element?: z.ZodType;
  readonly in?: z.ZodType;
}

/** A schema without what only says that it may be absent, or what becomes of the value. */
export function bareSchema(schema: z.ZodType): z.ZodType {
  const { innerType, in: input } = schema.def as unknown as Definition;
  const inner = innerType ?? input;
  return inner === undefined ? schema : bareSchema(inner);
}

/** The fields of an object's schema; undefined when it isn't one, or has none of its own and takes whatever comes. */
export function shapeOf(schema: z.ZodType): Readonly<Record<string, z.ZodType>> | undefined {
  const { shape } = schema.def as unknown as Definition;
  return shape === undefined || Object.keys(shape).length === 0 ? undefined : shape;
}

/** The schema of an array's items. */
export function elementOf(schema: z.ZodType): z.ZodType | undefined {
  return (schema.def as unknown as Definition).element;
}

/** A schema and those that it was made of by adding rules. */
export function lineage(schema: z.ZodType): readonly z.ZodType[] {
  const found: z.ZodType[] = [];
  for (let one: z.ZodType | undefined = schema; one !== undefined; one = one._zod.parent as z.ZodType | undefined) {
    found.push(one);
  }
  return found;
}
