import { CommandError } from '../errors.ts';

type Fields = Readonly<Record<string, unknown>>;

/**
 * A document with a patch applied: an object is merged into it (RFC 7396; null removes a field, lists are replaced),
 * an array is a list of operations (RFC 6902). The resources of the API have no lists that merge by key, so that
 * Kubernetes' strategic merge is the same as the plain one.
 */
export function patched(document: unknown, patch: unknown): unknown {
  if (Array.isArray(patch)) return patch.reduce<unknown>(operate, document);
  return merged(document, patch);
}

function merged(target: unknown, patch: unknown): unknown {
  if (!isFields(patch)) return patch;
  const result: Record<string, unknown> = isFields(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else define(result, key, merged(Object.hasOwn(result, key) ? result[key] : undefined, value));
  }
  return result;
}

/** A field of any name: an assignment to `__proto__` makes none. */
function define(object: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}

function operate(document: unknown, operation: unknown): unknown {
  if (!isFields(operation)) throw new CommandError('patch: an operation must be an object with op and path');
  const path = pointer(operation['path']);
  switch (operation['op']) {
    case 'add':
      return edited(document, path, () => operation['value'], 'add');
    case 'replace':
      return edited(document, path, () => operation['value'], 'replace');
    case 'remove':
      return edited(document, path, () => undefined, 'remove');
    case 'copy':
      return edited(document, path, () => valueAt(document, pointer(operation['from'])), 'add');
    case 'move': {
      const from = pointer(operation['from']);
      const value = valueAt(document, from);
      return edited(
        edited(document, from, () => undefined, 'remove'),
        path,
        () => value,
        'add',
      );
    }
    case 'test':
      if (JSON.stringify(valueAt(document, path)) === JSON.stringify(operation['value'])) return document;
      throw new CommandError(`patch: test failed at ${operation['path']}`);
    default:
      throw new CommandError(`patch: unknown op '${String(operation['op'])}'`);
  }
}

type Edit = 'add' | 'replace' | 'remove';

/** The document with another value at `path`; what is not on the way is shared with the old one. */
function edited(document: unknown, path: readonly string[], value: () => unknown, edit: Edit): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value();
  const inner = (child: unknown): unknown => (rest.length === 0 ? value() : edited(child, rest, value, edit));
  if (Array.isArray(document)) {
    const index = key === '-' ? document.length : Number(key);
    const last = rest.length === 0;
    if (!Number.isInteger(index) || index < 0 || index > document.length) throw noSuch(key);
    if (last && edit === 'add') return document.toSpliced(index, 0, value());
    if (index === document.length) throw noSuch(key);
    return last && edit === 'remove' ? document.toSpliced(index, 1) : document.with(index, inner(document[index]));
  }
  if (!isFields(document)) throw noSuch(key);
  if (!Object.hasOwn(document, key) && (rest.length > 0 || edit !== 'add')) throw noSuch(key);
  if (rest.length > 0 || edit !== 'remove') return { ...document, [key]: inner(document[key]) };
  const { [key]: _, ...others } = document;
  return others;
}

function valueAt(document: unknown, path: readonly string[]): unknown {
  return path.reduce((value, key) => {
    if (value !== null && typeof value === 'object' && Object.hasOwn(value, key)) return (value as Fields)[key];
    throw noSuch(key);
  }, document);
}

/** RFC 6901. */
function pointer(text: unknown): readonly string[] {
  if (text === '') return [];
  if (typeof text !== 'string' || !text.startsWith('/')) {
    throw new CommandError(`patch: '${String(text)}' is no JSON pointer such as /spec/natOutgoing`);
  }
  const keys = text
    .slice(1)
    .split('/')
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  if (keys.includes('__proto__')) throw noSuch('__proto__');
  return keys;
}

function noSuch(key: string): CommandError {
  return new CommandError(`patch: there is no '${key}' where the path leads`);
}

function isFields(value: unknown): value is Fields {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
