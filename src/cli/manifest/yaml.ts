import {
  boolYaml11Tag,
  defineScalarTag,
  FAILSAFE_SCHEMA,
  floatYaml11Tag,
  intYaml11Tag,
  loadAll,
  mergeTag,
  NOT_RESOLVED,
  nullYaml11Tag,
  YAMLException,
} from 'js-yaml';
import { reasonOf } from '../../base/index.ts';
import { shown } from '../../model/index.ts';
import { FileError } from '../errors.ts';

/** Aliases in one document, and what they may stand for altogether; more is a bomb, not a manifest. */
const MAX_ALIASES = 1000;
const MAX_PARTS = 1_000_000;

/** Numbers of base 60 are text, as Kubernetes has them: `12:30:45` is a time. */
const int = defineScalarTag('tag:yaml.org,2002:int', {
  ...intYaml11Tag,
  resolve: (text, isExplicit, name) =>
    text.includes(':') ? NOT_RESOLVED : intYaml11Tag.resolve(text, isExplicit, name),
});
const float = defineScalarTag('tag:yaml.org,2002:float', {
  ...floatYaml11Tag,
  resolve: (text, isExplicit, name) => {
    if (text.includes(':')) return NOT_RESOLVED;
    if (!DECIMAL.test(text)) return floatYaml11Tag.resolve(text, isExplicit, name);
    // What no float64 can hold is text to Go.
    return Number.isFinite(Number(text)) ? Number(text) : NOT_RESOLVED;
  },
});
/** YAML 1.1 asks for a sign in the exponent; JSON, which is read as YAML, and Go don't. */
const DECIMAL = /^[-+]?(\.\d+|\d+(\.\d*)?)[eE][-+]?\d+$/;

/** YAML 1.1, as Kubernetes reads it (`yes` is true), but dates stay text, and no tag makes anything but plain data. */
const schema = FAILSAFE_SCHEMA.withTags(nullYaml11Tag, boolYaml11Tag, int, float, mergeTag);

/** The documents of a text. Throws `FileError` with line and column of the mistake. */
export function parseDocuments(text: string): readonly unknown[] {
  let documents: readonly unknown[];
  try {
    documents = loadAll(text, { schema, maxAliases: MAX_ALIASES });
  } catch (error) {
    if (!(error instanceof YAMLException) || error.mark === undefined) {
      throw new FileError(`yaml: ${shown(reasonOf(error))}`, { cause: error });
    }
    throw mistakeAt(error.mark, advised(error.reason), error);
  }
  if (text.includes('*')) checkExpansion(documents);
  if (/\\u[dD]/.test(text)) checkCharacters(documents);
  return documents;
}

/** A mistake at a place in the text; line and column begin at 0. */
export function mistakeAt(
  { line, column }: { readonly line: number; readonly column: number },
  reason: string,
  cause?: unknown,
): FileError {
  return new FileError(`yaml: line ${line + 1}: column ${column + 1}: ${reason}`, { cause });
}

/** An unquoted `!has(x)` is a tag to YAML, and without this would be an empty text: a selector of everything. */
function advised(reason: string): string {
  const tag = /^unknown \w+ tag !<(!.*)>$/s.exec(reason)?.[1];
  return tag === undefined
    ? shown(reason)
    : `'${shown(tag)}' is a tag that nobody knows; a text that begins with ! needs quotes`;
}

/** Aliases share what they stand for; whoever walks over it meets it each time. */
function checkExpansion(documents: readonly unknown[]): void {
  const sizes = new Map<object, number>();
  const sizeOf = (value: unknown): number => {
    if (typeof value !== 'object' || value === null) return 1;
    let size = sizes.get(value);
    if (size === undefined) {
      size = Object.values(value).reduce<number>((sum, member) => sum + sizeOf(member), 1);
      sizes.set(value, size);
    }
    return size;
  };
  if (documents.some((document) => sizeOf(document) > MAX_PARTS)) {
    throw new FileError(`yaml: aliases make more than ${MAX_PARTS} values of the document`);
  }
}

/** Half a character, which an escape can write, is no text: stores keep something else in its place. */
function checkCharacters(value: unknown): void {
  if (typeof value === 'string' && !value.isWellFormed()) {
    throw new FileError(`yaml: '${shown(value.toWellFormed())}': found invalid Unicode character escape code`);
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [key, member] of Object.entries(value)) {
    checkCharacters(key);
    checkCharacters(member);
  }
}
