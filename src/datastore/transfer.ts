import { reasonOf } from '../base/index.ts';
import {
  formatJson,
  type KindName,
  kindNames,
  parseJson,
  type ResourceOf,
  resourceKeyText,
  validate,
} from '../model/index.ts';
import { AlreadyExists, DatastoreConfigError, OperationNotSupported } from './errors.ts';
import { keyOf, keyText } from './object.ts';
import type { Store } from './store.ts';

const format = 'vrouter-datastore-export';
const version = 1;

/**
 * All that a store holds, as lines of text: a heading, each resource as JSON, and an end by which a torn file is
 * known. Kinds are read one after the other: nobody should be writing meanwhile.
 */
export async function* exportLines(store: Store): AsyncGenerator<string> {
  yield formatJson({ format, version });
  let count = 0;
  for (const kind of kindNames) {
    const { items } = await store.list(kind);
    for (const item of items) {
      const { resourceVersion: _, ...metadata } = item.metadata;
      yield formatJson({ ...item, metadata });
      count++;
    }
  }
  yield formatJson({ format, count });
}

export interface ImportReport {
  readonly created: number;
  /** There already, and the same. */
  readonly unchanged: number;
  /** There already, but different; replaced if that was asked for, else left as they are. */
  readonly different: readonly string[];
  /** The kinds that this engine takes from elsewhere, such as Profiles in Kubernetes. */
  readonly unsupported: readonly string[];
}

/** Reads what `exportLines` wrote. Everything is checked before the first write; throws naming the line. */
export function readExport(text: string): readonly ResourceOf<KindName>[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const parsed = lines.map((line, at) => {
    try {
      return parseJson(line) as Record<string, unknown>;
    } catch (error) {
      throw new DatastoreConfigError(`import: line ${at + 1} is not JSON: ${reasonOf(error)}`);
    }
  });
  const heading = parsed.shift();
  if (heading?.['format'] !== format) throw new DatastoreConfigError('import: this is not an export of a datastore');
  if (heading['version'] !== version) {
    throw new DatastoreConfigError(
      `import: version ${heading['version']} of the format is not known: use a newer vrouter`,
    );
  }
  const end = parsed.pop();
  if (end?.['format'] !== format || end['count'] !== parsed.length) {
    throw new DatastoreConfigError('import: the export is not complete: its end is missing');
  }
  return parsed.map((raw, at) => {
    try {
      return validate(raw, { names: 'runtime' });
    } catch (error) {
      throw new DatastoreConfigError(`import: line ${at + 2}: ${reasonOf(error)}`, { cause: error });
    }
  });
}

/** Puts resources into a store. Doing it again changes nothing, so what was interrupted can simply be repeated. */
export async function importResources(
  store: Store,
  resources: readonly ResourceOf<KindName>[],
  options: { readonly replace?: boolean } = {},
): Promise<ImportReport> {
  const report = { created: 0, unchanged: 0, different: [] as string[], unsupported: [] as string[] };
  for (const resource of resources) {
    const { kind, metadata } = resource;
    try {
      const outcome = await put(store, resource, options.replace ?? false);
      if (outcome === 'different') report.different.push(keyText(keyOf(resource)));
      else report[outcome]++;
    } catch (error) {
      if (!(error instanceof OperationNotSupported)) throw error;
      report.unsupported.push(resourceKeyText(kind, metadata.name, metadata.namespace));
    }
  }
  return report;
}

async function put(
  store: Store,
  resource: ResourceOf<KindName>,
  replace: boolean,
): Promise<'created' | 'unchanged' | 'different'> {
  const was = await store.get(keyOf(resource));
  if (was === undefined) {
    try {
      await store.create(resource);
      return 'created';
    } catch (error) {
      if (!(error instanceof AlreadyExists)) throw error;
      return 'different';
    }
  }
  if (sorted(was.spec) === sorted(resource.spec)) return 'unchanged';
  if (replace) {
    const { uid, creationTimestamp, resourceVersion } = was.metadata;
    await store.update({ ...resource, metadata: { ...resource.metadata, uid, creationTimestamp, resourceVersion } });
  }
  return 'different';
}

/** Text that is equal for equal values, whatever the order of their members. */
function sorted(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sorted).join()}]`;
  if (typeof value !== 'object' || value === null) return formatJson(value);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  const text = members
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${sorted(member)}`);
  return `{${text.join()}}`;
}
