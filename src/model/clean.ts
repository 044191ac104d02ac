import { type FieldError, ValidationError } from './errors.ts';

/** Characters of all text in one object; an API server takes 3 MiB, etcd half of that. */
export const MAX_TEXT = 4 * 1024 * 1024;
/** Fields and items in one object. */
export const MAX_PARTS = 1_000_000;
/** Levels of nesting. */
export const MAX_DEPTH = 64;

/**
 * A value from outside as plain data within bounds: in the API a null member is the same as none (an array's nulls stay:
 * a block's free ordinals), and nothing is ever called `__proto__`: such a member goes, or is refused (`strict`). Throws
 * `ValidationError`, also when it is too much.
 */
export function cleaned(value: unknown, { strict = false } = {}): unknown {
  return clean(value, { text: MAX_TEXT, parts: MAX_PARTS, strict }, 0);
}

interface Budget {
  text: number;
  parts: number;
  readonly strict: boolean;
}

function clean(value: unknown, budget: Budget, depth: number): unknown {
  if (typeof value === 'string') {
    budget.text -= value.length;
    if (budget.text < 0) throw tooMuch(`holds more than ${MAX_TEXT} characters of text`);
    return value;
  }
  if (typeof value !== 'object' || value === null) return value;
  if (depth > MAX_DEPTH) throw tooMuch(`is nested deeper than ${MAX_DEPTH} levels`);
  if (Array.isArray(value)) return cleanItems(value, budget, depth);
  let copy: Record<string, unknown> | undefined;
  const members = value as Record<string, unknown>;
  for (const name of Object.keys(members)) {
    if (--budget.parts < 0) throw tooMuch(`has more than ${MAX_PARTS} fields and items`);
    const member = members[name];
    const isNameless = name === '__proto__';
    if (isNameless && budget.strict)
      throw new ValidationError([{ name, value: member, reason: 'is no name of a field' }]);
    if ((typeof member === 'number' || typeof member === 'boolean') && !isNameless) continue;
    const isAbsent = member === undefined || member === null || isNameless;
    const own = isAbsent ? undefined : clean(member, budget, depth + 1);
    if (own === member && !isAbsent) continue;
    // An object without changes is not copied: blocks come by the ten thousand.
    copy ??= { ...members };
    if (isAbsent) delete copy[name];
    else copy[name] = own;
  }
  return copy ?? value;
}

/** Cleans an array: undefined becomes null in it, as JSON writes it. */
function cleanItems(items: readonly unknown[], budget: Budget, depth: number): readonly unknown[] {
  budget.parts -= items.length;
  if (budget.parts < 0) throw tooMuch(`has more than ${MAX_PARTS} fields and items`);
  let copy: unknown[] | undefined;
  for (let at = 0; at < items.length; at++) {
    const item = items[at];
    if (typeof item !== 'object' && typeof item !== 'string' && item !== undefined) continue;
    const own = item === undefined ? null : clean(item, budget, depth + 1);
    if (own === item) continue;
    copy ??= [...items];
    copy[at] = own;
  }
  return copy ?? items;
}

function tooMuch(reason: string): ValidationError {
  const field: FieldError = { name: 'Resource', value: undefined, reason: `too large: it ${reason}` };
  return new ValidationError([field]);
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
