import type * as z from 'zod';
import { hostCidr, tryParseAddress } from '../base/index.ts';
import { isObject } from './clean.ts';
import { wordsOf } from './kinds/field.ts';
import { takesAddress } from './kinds/network-field.ts';
import { bareSchema, elementOf, shapeOf } from './schema.ts';

/**
 * A spec in one form, for those who act on it: a bare address where a CIDR belongs becomes one, a word gets the case that
 * it has in the documentation, and empty entries of lists of CIDRs are absent. Stores keep what was written.
 */
export function settled(schema: z.ZodType, value: unknown): unknown {
  const bare = bareSchema(schema);
  if (typeof value === 'string') return settledText(bare, value);
  if (Array.isArray(value)) {
    const element = elementOf(bare);
    if (element === undefined) return value;
    const items = value.map((item: unknown) => settled(element, item)).filter((item) => !isEmpty(item, element));
    return items.length !== value.length || items.some((item, at) => item !== value[at]) ? items : value;
  }
  const shape = isObject(value) ? shapeOf(bare) : undefined;
  if (shape === undefined) return value;
  const fields = value as Record<string, unknown>;
  let copy: Record<string, unknown> | undefined;
  for (const name of Object.keys(fields)) {
    if (!Object.hasOwn(shape, name)) continue;
    const own = settled(shape[name], fields[name]);
    if (own === fields[name]) continue;
    copy ??= { ...fields };
    copy[name] = own;
  }
  return copy ?? value;
}

function settledText(schema: z.ZodType, text: string): string {
  if (takesAddress(schema)) return tryParseAddress(text) === undefined ? text : hostCidr(text);
  const words = wordsOf(schema);
  if (words === undefined) return text;
  return words.find((word) => word.toLowerCase() === text.toLowerCase()) ?? text;
}

/** `{}` in a list of objects none of whose fields must be there says nothing. */
function isEmpty(item: unknown, element: z.ZodType): boolean {
  if (!isObject(item) || Object.keys(item).length > 0) return false;
  return Object.values(shapeOf(bareSchema(element)) ?? {}).some((field) => takesAddress(bareSchema(field)));
}
