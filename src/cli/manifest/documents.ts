import { shown } from '../../model/index.ts';
import { FileError } from '../errors.ts';
import { checkLabelValues } from './label-values.ts';
import { parseDocuments } from './yaml.ts';

/** One object of a manifest, not yet checked beyond being an object. */
export type RawObject = Readonly<Record<string, unknown>>;

/**
 * The objects of a YAML or JSON text: all documents, lists taken apart (`IPPoolList`, `List`, and bare sequences).
 * Throws `FileError` with line and column of a mistake.
 */
export function parseObjects(text: string): readonly RawObject[] {
  return parseValues(text).flatMap(flatten);
}

/** The one value of a text such as a patch; null when it is empty. */
export function parseValue(text: string): unknown {
  return parseValues(text)[0] ?? null;
}

function parseValues(text: string): readonly unknown[] {
  const documents = parseDocuments(text);
  checkLabelValues(text, documents);
  return documents;
}

function flatten(value: unknown): readonly RawObject[] {
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) return value.flatMap(flatten);
  if (typeof value !== 'object') {
    throw new FileError(`expected an object with apiVersion, kind, metadata and spec, got '${shown(String(value))}'`);
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
  return items.flatMap(flatten).map((item) => (kind === '' || Object.hasOwn(item, 'kind') ? item : { ...item, kind }));
}
