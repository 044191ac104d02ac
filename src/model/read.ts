import type * as z from 'zod';
import { reasonOf } from '../base/index.ts';
import { cleaned, isObject } from './clean.ts';
import { describe, type FieldError, ValidationError } from './errors.ts';
import { withCommonNames, withFieldNames } from './field-names.ts';
import { fieldName } from './go-names.ts';
import { reasonFor } from './issue.ts';
import type { KindDefinition } from './kinds/definition.ts';
import { definitionOf, type KindName, type ResourceOf } from './registry.ts';
import { API_VERSION } from './resource.ts';
import { settled } from './settle.ts';
import { valueAt } from './validate.ts';

/** The reading of a stored object. */
export interface Reading<Kind extends KindName> {
  /** Undefined when it can't be understood, and never could. */
  readonly resource: ResourceOf<Kind> | undefined;
  /** The fault in it, and what holds instead; undefined when all is well. */
  readonly problem: string | undefined;
}

/** Each round cuts what the last one found wrong; what is wrong still after so many is wrong altogether. */
const ROUNDS = 8;

/**
 * Reads a stored object, for those who act on it, and gets out of it what can be understood: a wrong item leaves its list,
 * a wrong field keeps the value that it had in `last` (the object as it was last read), or counts as absent. Where absence
 * would let in more than was meant (`essential` in the kind's definition) the object counts as absent as a whole; a field
 * that protects (`guards`) is named in `unread`, so that nobody takes it for one that was never set. Of a kind with a reader
 * of its own (`ownReader`) nothing is cut: what was meant to deny would be lost.
 */
export function read<Kind extends KindName>(kind: Kind, raw: unknown, last?: ResourceOf<Kind>): Reading<Kind> {
  try {
    return readObject(kind, cleaned(raw), last);
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error;
    return unread(reasonOf(error), last);
  }
}

function readObject<Kind extends KindName>(
  kind: Kind,
  given: unknown,
  last: ResourceOf<Kind> | undefined,
): Reading<Kind> {
  if (!isObject(given)) return unread('it is no object', last);
  const definition: KindDefinition = definitionOf(kind);
  const { essential, guards = [], ownReader = false, plain } = definition;
  const object = withCommonNames(given);
  const { apiVersion = API_VERSION } = object;
  if (object['kind'] !== kind || apiVersion !== API_VERSION) {
    return unread(`it is of kind ${String(object['kind'])} of ${String(apiVersion)}`, last);
  }
  const metadata = readMetadata(object['metadata']);
  const spec = object['spec'] ?? {};
  const reading = plain !== undefined && isObject(spec) && plain(spec) ? right(spec) : readAs(definition, spec, last);
  // Of a kind that has guards, and no field without which it means nothing, absence would be the most open of all.
  const isGuarded = last === undefined && essential === undefined && guards.length > 0;
  if (reading.spec === undefined && !isGuarded) return unread(describe(reading.wrong), last);
  const missing = reading.spec === undefined ? guards : reading.missing;
  const read: Record<string, unknown> = {
    apiVersion: API_VERSION,
    kind,
    metadata: metadata.value,
    spec: reading.spec ?? {},
    ...(missing.length > 0 && { unread: missing }),
  };
  for (const name of Object.keys(object)) if (name !== 'unread' && !(name in read)) read[name] = object[name];
  const resource = read as unknown as ResourceOf<Kind>;
  const wrong = [...metadata.wrong, ...reading.wrong];
  if (wrong.length === 0) return { resource, problem: undefined };
  return { resource, problem: `read ${insteadOf(ownReader, last)}: ${describe(wrong)}` };
}

/** The spec in its settled form, read with the schema of its kind. */
function readAs(definition: KindDefinition, given: unknown, last: { readonly spec: unknown } | undefined): SpecReading {
  const { spec: schema, essential, guards = [], ownReader = false } = definition;
  const whole = essential === 'all';
  const named = whole ? given : withFieldNames(schema, given);
  const reading = ownReader
    ? asStored(schema, named)
    : readSpec(schema, named, last?.spec, { essential: essential ?? [], guards });
  return whole || reading.spec === undefined ? reading : { ...reading, spec: settled(schema, reading.spec) };
}

function right(spec: unknown): SpecReading {
  return { spec, wrong: [], missing: [] };
}

function insteadOf(ownReader: boolean, last: unknown): string {
  if (ownReader) return 'as it is stored';
  return last === undefined ? 'as if that were not there' : 'with what was there before, if anything, instead';
}

function unread<Kind extends KindName>(reason: string, last: ResourceOf<Kind> | undefined): Reading<Kind> {
  const instead = last === undefined ? 'left out' : 'as it was before';
  return { resource: last, problem: `${instead}: ${reason}` };
}

interface SpecReading {
  readonly spec: unknown;
  readonly wrong: readonly FieldError[];
  /** Guards that are not as they were meant. */
  readonly missing: readonly string[];
}

/** Nothing is cut: whoever acts on it knows what holds where it is not understood. */
function asStored(schema: z.ZodType, given: unknown): SpecReading {
  const parsed = schema.safeParse(given);
  if (parsed.success) return { spec: parsed.data, wrong: [], missing: [] };
  const wrong = new Map<string, FieldError>();
  for (const issue of parsed.error.issues) {
    const name = fieldName(issue.path) || 'Spec';
    if (!wrong.has(name)) wrong.set(name, { name, value: valueAt(given, issue.path), reason: reasonFor(issue) });
  }
  return { spec: given, wrong: [...wrong.values()], missing: [] };
}

interface Care {
  readonly essential: readonly string[] | 'all';
  readonly guards: readonly string[];
}

function readSpec(schema: z.ZodType, given: unknown, last: unknown, { essential, guards }: Care): SpecReading {
  const wrong: FieldError[] = [];
  const cutGuards = new Set<string>();
  const tried = new Set<string>();
  let spec = given;
  for (let round = 0; round < ROUNDS; round++) {
    const parsed = schema.safeParse(spec);
    if (parsed.success) {
      const now = spec;
      return {
        spec: parsed.data,
        wrong,
        missing: [...cutGuards].filter((field) => valueAt(now, [field]) === undefined),
      };
    }
    const { issues } = parsed.error;
    for (const issue of issues) {
      const name = fieldName(issue.path) || 'Spec';
      if (wrong.some((known) => known.name === name)) continue;
      wrong.push({ name, value: valueAt(spec, issue.path), reason: reasonFor(issue) });
    }
    if (essential === 'all') return { spec: undefined, wrong, missing: [] };
    for (const place of placesOf(issues, [...essential, ...guards])) {
      const field = String(place[0]);
      const isEssential = essential.includes(field);
      if (place.length === 0 || (isEssential && last === undefined)) return { spec: undefined, wrong, missing: [] };
      if (guards.includes(field)) cutGuards.add(field);
      spec = cut(spec, place, tried, last);
    }
  }
  return { spec: undefined, wrong, missing: [] };
}

/** Where to cut, later items of a list first, so that the places of the others stay. */
function placesOf(issues: readonly z.core.$ZodIssue[], wholes: readonly string[]): readonly (readonly PropertyKey[])[] {
  const places = new Map<string, readonly PropertyKey[]>();
  for (const { path } of issues) {
    const item = path.findIndex((step) => typeof step === 'number');
    const isWhole = path.length > 0 && wholes.includes(String(path[0]));
    const place = isWhole ? path.slice(0, 1) : item < 0 ? path : path.slice(0, item + 1);
    places.set(place.join('/'), place);
  }
  return [...places.values()].sort((a, b) => Number(b.at(-1)) - Number(a.at(-1)) || 0);
}

/** The spec with what stands at a place as it was last, or gone; tried a second time, what it stands in goes. */
function cut(spec: unknown, place: readonly PropertyKey[], tried: Set<string>, last: unknown): unknown {
  if (typeof place.at(-1) === 'number') return changed(spec, place, undefined);
  const key = place.join('/');
  const before = tried.has(key) ? undefined : valueAt(last, place);
  if (before === undefined && tried.has(`${key}/gone`) && place.length > 1) {
    return cut(spec, place.slice(0, -1), tried, last);
  }
  tried.add(before === undefined ? `${key}/gone` : key);
  return changed(spec, place, before);
}

function changed(value: unknown, [step, ...rest]: readonly PropertyKey[], to: unknown): unknown {
  if (Array.isArray(value)) {
    if (rest.length > 0) return value.with(Number(step), changed(value[Number(step)], rest, to));
    return value.toSpliced(Number(step), 1);
  }
  if (!isObject(value)) return value;
  const { [String(step)]: member, ...others } = value;
  const next = rest.length > 0 ? changed(member, rest, to) : to;
  return next === undefined ? others : { ...others, [String(step)]: next };
}

/** Labels and annotations that are no text count as absent; everything else is the store's. */
function readMetadata(given: unknown): {
  readonly value: Record<string, unknown>;
  readonly wrong: readonly FieldError[];
} {
  let value: Record<string, unknown> = isObject(given) ? given : {};
  const wrong: FieldError[] = [];
  for (const field of ['labels', 'annotations']) {
    const map = value[field];
    if (map === undefined) continue;
    if (isObject(map) && Object.values(map).every((text) => typeof text === 'string')) continue;
    const texts = isObject(map) ? Object.entries(map).filter(([, text]) => typeof text === 'string') : [];
    value = { ...value, [field]: Object.fromEntries(texts) };
    wrong.push({ name: fieldName(['metadata', field]), value: map, reason: 'must map text to text' });
  }
  return { value, wrong };
}
