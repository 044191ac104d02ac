import type * as z from 'zod';
import { wordsOf } from './kinds/field.ts';
import { takesAddress } from './kinds/network-field.ts';
import { bareSchema, elementOf, shapeOf } from './schema.ts';

/**
 * The facts about a schema that walks over values need, worked out once: at the start of a node they walk over all of a
 * cluster.
 */
export interface Outline {
  /** Of an object that has fields of its own; undefined for all else. */
  readonly fields: ReadonlyMap<string, Field> | undefined;
  /** The names of the fields, by how they may be written: as they are, and in small letters. */
  readonly names: ReadonlyMap<string, string>;
  /** Of a list's items. */
  readonly element: Outline | undefined;
  /** Whether there are names of fields in it, at any depth. */
  readonly isNamed: boolean;
  readonly takesAddress: boolean;
  readonly words: readonly string[] | undefined;
  /** Whether a value of it has forms of which one is preferred, in itself or at any depth. */
  readonly hasForms: boolean;
}

interface Field {
  readonly isOptional: boolean;
  readonly outline: Outline;
}

const known = new WeakMap<z.ZodType, Outline>();
const NO_NAMES: ReadonlyMap<string, string> = new Map();

/** Of a schema, whatever only says that it may be absent or what becomes of the value left aside. */
export function outlineOf(schema: z.ZodType): Outline {
  const found = known.get(schema);
  if (found !== undefined) return found;
  const bare = bareSchema(schema);
  const outline = bare === schema ? made(bare) : outlineOf(bare);
  known.set(schema, outline);
  return outline;
}

function made(schema: z.ZodType): Outline {
  const shape = shapeOf(schema);
  const fields =
    shape &&
    new Map(
      Object.entries(shape).map(([name, field]): [string, Field] => [
        name,
        { isOptional: field.def.type === 'optional', outline: outlineOf(field) },
      ]),
    );
  const item = elementOf(schema);
  const element = item && outlineOf(item);
  const address = takesAddress(schema);
  const words = wordsOf(schema);
  const inner = [...(fields?.values() ?? [])].some(({ outline }) => outline.hasForms);
  return {
    fields,
    names: shape === undefined ? NO_NAMES : byFolded(Object.keys(shape)),
    element,
    isNamed: fields !== undefined || element?.isNamed === true,
    takesAddress: address,
    words,
    hasForms: address || words !== undefined || inner || element?.hasForms === true,
  };
}

export function byFolded(names: readonly string[]): ReadonlyMap<string, string> {
  return new Map([
    ...names.map((name) => [name.toLowerCase(), name] as const),
    ...names.map((name) => [name, name] as const),
  ]);
}
