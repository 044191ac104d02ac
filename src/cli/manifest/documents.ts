import { parseAllDocuments } from 'yaml';
import { FileError } from '../errors.ts';

/** One object of a manifest, not yet checked beyond being an object. */
export type RawObject = Readonly<Record<string, unknown>>;

/** Aliases in one file; more is a bomb, not a manifest. */
const MAX_ALIASES = 1000;

/**
 * The objects of a YAML or JSON text: all documents, lists taken apart (`IPPoolList`, `List`, and bare sequences).
 * YAML is read by the rules of 1.1, as Kubernetes does (`yes` is true), but dates stay text. Throws `FileError` with
 * the line of the mistake.
 */
export function parseObjects(text: string): readonly RawObject[] {
  return parseValues(text).flatMap(flatten);
}

/** The one value of a text such as a patch; null when it is empty. */
export function parseValue(text: string): unknown {
  return parseValues(text)[0] ?? null;
}

function parseValues(text: string): readonly unknown[] {
  const documents = guarded(() =>
    parseAllDocuments(text, {
      version: '1.1',
      customTags: (tags) => tags.filter((tag) => typeof tag === 'string' || !isTimeTag(tag)),
      prettyErrors: true,
    }),
  );
  if (!Array.isArray(documents)) return [];
  return documents.map((document) => {
    const [mistake] = document.errors;
    if (mistake) throw new FileError(`yaml: line ${mistake.linePos?.[0].line ?? 1}: ${firstLine(mistake.message)}`);
    return guarded<unknown>(() => document.toJS({ maxAliasCount: MAX_ALIASES }));
  });
}

function isTimeTag(tag: { readonly tag: string; readonly format?: string | undefined }): boolean {
  return tag.tag === 'tag:yaml.org,2002:timestamp' || tag.format === 'TIME';
}

/** What the parser throws is the text's fault: aliases without end, nesting deeper than the stack. */
function guarded<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new FileError(`yaml: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

function flatten(value: unknown): readonly RawObject[] {
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) return value.flatMap(flatten);
  if (typeof value !== 'object') {
    throw new FileError(`expected an object with apiVersion, kind, metadata and spec, got '${String(value)}'`);
  }
  const object = value as RawObject;
  if (typeof object['kind'] === 'string' && object['kind'].endsWith('List') && Array.isArray(object['items'])) {
    return listItems(object['kind'], object['items']);
  }
  return [object];
}

/** Items of a typed list may leave out their kind. */
function listItems(listKind: string, items: readonly unknown[]): readonly RawObject[] {
  const kind = listKind.slice(0, -'List'.length);
  return items.flatMap(flatten).map((item) => (kind === '' || 'kind' in item ? item : { ...item, kind }));
}

/** The library puts a drawing of the place after the first line, which also repeats the place. */
function firstLine(message: string): string {
  return message.split('\n')[0].replace(/ at line \d+, column \d+:?$/, '');
}
