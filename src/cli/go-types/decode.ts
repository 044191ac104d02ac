import { FileError, UnknownField } from '../errors.ts';
import { type Custom, decodeCustom } from './custom.ts';
import { type GoField, type GoType, nameOf, objectType, zeroOf } from './parse.ts';
import { nearest } from './slip.ts';

type Fields = Readonly<Record<string, unknown>>;
type Struct = GoType & { readonly kind: 'struct' };

/** Where in an object a value is: the struct that has the field, and the path of fields to it. */
interface Place {
  readonly struct: string;
  readonly path: readonly string[];
}

/** The words that a failure is told with. */
interface Subject {
  readonly kind: string;
  readonly name: string;
}

/**
 * An object of a manifest as Go decodes it: fields by the API's names, in whatever case they are written; numbers and
 * booleans in the place of text are text; durations as Go prints them. Throws `FileError` in Go's words for the first
 * field, by name, that has the wrong type, and `UnknownField` for one that there is not. What a stored object had
 * `before` is not the writer's: it stays, known or not.
 */
export function decode(kind: string, raw: Fields, before: unknown = {}): Fields {
  const metadata = raw['metadata'];
  const name = isFields(metadata) ? String(metadata['name'] ?? '') : '';
  return new Decoder({ kind, name }).struct(objectType(kind), raw, [], before);
}

class Decoder {
  readonly #object: Subject;

  constructor(object: Subject) {
    this.#object = object;
  }

  struct(type: Struct, value: Fields, path: readonly string[], before: unknown): Fields {
    const { name, fields } = type;
    const decoded: Record<string, unknown> = {};
    for (const key of Object.keys(value).sort()) {
      const field = fieldNamed(fields, key);
      if (field === undefined) {
        if (memberOf(before, key) === undefined) throw this.#unknown(key, path, [...fields.keys()]);
        decoded[key] = value[key];
        continue;
      }
      if (value[key] === null || value[key] === undefined) continue;
      const place = { struct: name, path: [...path, field.name] };
      decoded[field.name] = this.#value(field.type, value[key], place, memberOf(before, field.name));
    }
    return decoded;
  }

  #value(type: GoType, value: unknown, place: Place, before: unknown): unknown {
    switch (type.kind) {
      case 'any':
        return value;
      case 'struct':
        if (!isFields(value)) throw mismatch(value, type, place);
        return this.struct(type, value, place.path, before);
      case 'list':
        if (!Array.isArray(value)) throw mismatch(value, type, place);
        return value.map((item, at) =>
          item === null ? zeroOf(type.of) : this.#value(type.of, item, place, memberOf(before, at)),
        );
      case 'map':
        if (!isFields(value)) throw mismatch(value, type, place);
        return Object.fromEntries(
          Object.entries(value).map(([key, item]) => [key, this.#value(type.of, item ?? '', place, undefined)]),
        );
      case 'text':
        if (typeof value === 'number' || typeof value === 'boolean') return String(value);
        if (typeof value !== 'string') throw mismatch(value, type, place);
        return value;
      case 'bool':
        if (typeof value !== 'boolean') throw mismatch(value, type, place);
        return value;
      case 'float64':
        if (typeof value !== 'number') throw mismatch(value, type, place);
        return value;
      case 'integer':
        if (typeof value !== 'number') throw mismatch(value, type, place);
        if (!Number.isInteger(value) || value < type.min || value > type.max) throw overflow(value, type.name, place);
        return value;
      default:
        return custom(type.kind, value, place);
    }
  }

  #unknown(key: string, path: readonly string[], known: readonly string[]): UnknownField {
    const { kind, name } = this.#object;
    const where = path.length === 0 ? '' : `${path.join('.')} of `;
    return new UnknownField(key, `${where}${kind}(${name})`, nearest(key, known));
  }
}

function memberOf(value: unknown, key: string | number): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined;
}

/** Go takes a name in any case, the exact one first. */
function fieldNamed(fields: ReadonlyMap<string, GoField>, key: string): GoField | undefined {
  const exact = fields.get(key);
  if (exact !== undefined) return exact;
  const lower = key.toLowerCase();
  for (const field of fields.values()) if (field.name.toLowerCase() === lower) return field;
  return undefined;
}

function custom(kind: Custom, value: unknown, place: Place): unknown {
  const { value: decoded, error, expected } = decodeCustom(kind, value);
  if (error !== undefined) throw new FileError(`${DECODING}: ${error}`);
  if (expected === undefined) return decoded;
  const word = typeof value === 'number' && expected !== 'string' ? `number ${value}` : wordOf(value);
  throw new FileError(`${DECODING}: ${text(word, expected, place)}`);
}

function mismatch(value: unknown, type: GoType, place: Place): FileError {
  return new FileError(`${DECODING}: ${text(wordOf(value), nameOf(type), place)}`);
}

function overflow(value: number, type: string, place: Place): FileError {
  return new FileError(`${DECODING}: ${text(`number ${value}`, type, place)}`);
}

const DECODING = 'error unmarshaling JSON: while decoding JSON';

function text(word: string, type: string, { struct, path }: Place): string {
  return `json: cannot unmarshal ${word} into Go struct field ${struct}.${path.join('.')} of type ${type}`;
}

/** The JSON name of the value's type. */
function wordOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  switch (typeof value) {
    case 'boolean':
      return 'bool';
    case 'number':
    case 'bigint':
      return 'number';
    case 'string':
      return 'string';
    default:
      return 'object';
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
