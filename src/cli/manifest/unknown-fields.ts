import type * as z from 'zod';
import { definitionOf } from '../../model/index.ts';
import type { Io } from '../io.ts';
import type { Target } from '../resources/target.ts';

/** A field that its kind does not have. */
interface UnknownField {
  readonly path: string;
  /** A field that it may be a slip of. */
  readonly meant: string | undefined;
}

/** How many letters may be wrong in a slip. */
const SLIP = 2;

/**
 * The fields of an object's spec that its kind does not know: slips, or words of a newer Calico. They are kept, so this
 * is worth a word and no error. FelixConfiguration has many settings that are not ours: of it, only slips.
 */
function unknownFields({ kind, raw }: Target): readonly UnknownField[] {
  const found = walk(definitionOf(kind).spec, raw?.['spec'], 'spec');
  return kind === 'FelixConfiguration' ? found.filter(({ meant }) => meant !== undefined) : found;
}

export function warnOfUnknownFields(io: Io, targets: readonly Target[]): void {
  for (const target of targets) {
    for (const { path, meant } of unknownFields(target)) {
      const advice = meant === undefined ? '' : `; did you mean "${meant}"?`;
      io.stderr(`Warning: unknown field "${path}" in ${target.kind}(${target.name})${advice}\n`);
    }
  }
}

/** What of a schema is looked at here; zod keeps it in `def`. */
interface Definition {
  readonly type: string;
  readonly shape?: Readonly<Record<string, z.ZodType>>;
  readonly innerType?: z.ZodType;
  readonly element?: z.ZodType;
  readonly in?: z.ZodType;
}

function walk(schema: z.ZodType, value: unknown, path: string): readonly UnknownField[] {
  const definition = schema.def as unknown as Definition;
  const inner = definition.innerType ?? definition.in;
  if (inner !== undefined) return walk(inner, value, path);
  const { shape, element } = definition;
  if (element !== undefined && Array.isArray(value)) {
    return value.flatMap((item, index) => walk(element, item, `${path}[${index}]`));
  }
  if (shape === undefined || value === null || typeof value !== 'object' || Array.isArray(value)) return [];
  const known = Object.keys(shape);
  // An object without any fields of its own takes whatever comes.
  if (known.length === 0) return [];
  return Object.entries(value).flatMap(([key, field]) => {
    if (Object.hasOwn(shape, key)) return walk(shape[key], field, `${path}.${key}`);
    return [{ path: `${path}.${key}`, meant: known.find((name) => isSlip(key, name)) }];
  });
}

function isSlip(written: string, meant: string): boolean {
  const [a, b] = [written.toLowerCase(), meant.toLowerCase()];
  return a === b || (Math.abs(a.length - b.length) <= SLIP && meant.length > 2 * SLIP && distance(a, b) <= SLIP);
}

/** Letters to add, drop or change. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [index, letter] of [...a].entries()) {
    const next = [index + 1];
    for (let at = 0; at < b.length; at++) {
      next.push(Math.min(row[at] + (b[at] === letter ? 0 : 1), row[at + 1] + 1, next[at] + 1));
    }
    row = next;
  }
  return row[b.length];
}
