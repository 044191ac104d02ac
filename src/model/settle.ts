import type * as z from 'zod';
import { hostCidr, tryParseAddress } from '../base/index.ts';
import { isObject } from './clean.ts';
import { type Outline, outlineOf } from './outline.ts';

/**
 * A spec in one form, for those who act on it: a bare address where a CIDR belongs becomes one, a word gets the case that
 * it has in the documentation, and empty entries of lists of CIDRs are absent. Stores keep what was written.
 */
export function settled(schema: z.ZodType, value: unknown): unknown {
  return settledAs(outlineOf(schema), value);
}

function settledAs(outline: Outline, value: unknown): unknown {
  if (!outline.hasForms) return value;
  if (typeof value === 'string') return settledText(outline, value);
  if (Array.isArray(value)) {
    const { element } = outline;
    if (element === undefined) return value;
    const items = value.map((item: unknown) => settledAs(element, item)).filter((item) => !isEmpty(item, element));
    return items.length !== value.length || items.some((item, at) => item !== value[at]) ? items : value;
  }
  const { fields } = outline;
  if (fields === undefined || !isObject(value)) return value;
  let copy: Record<string, unknown> | undefined;
  for (const name of Object.keys(value)) {
    const field = fields.get(name);
    if (field === undefined) continue;
    const own = settledAs(field.outline, value[name]);
    if (own === value[name]) continue;
    copy ??= { ...value };
    copy[name] = own;
  }
  return copy ?? value;
}

function settledText({ takesAddress, words }: Outline, text: string): string {
  if (takesAddress) return tryParseAddress(text) === undefined ? text : hostCidr(text);
  if (words === undefined || words.includes(text)) return text;
  return words.find((word) => word.toLowerCase() === text.toLowerCase()) ?? text;
}

/** `{}` in a list of objects none of whose fields must be there says nothing. */
function isEmpty(item: unknown, { fields }: Outline): boolean {
  if (fields === undefined || !isObject(item) || Object.keys(item).length > 0) return false;
  return [...fields.values()].some((field) => field.outline.takesAddress);
}
