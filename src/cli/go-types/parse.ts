import type { Custom } from './custom.ts';
import { KUBERNETES_STRUCTS } from './kubernetes.ts';
import { STATUSES, STRUCTS } from './structs.ts';

export type GoType =
  | { readonly kind: 'list'; readonly of: GoType }
  | { readonly kind: 'map'; readonly of: GoType }
  | { readonly kind: 'struct'; readonly name: string; readonly fields: ReadonlyMap<string, GoField> }
  | { readonly kind: 'integer'; readonly name: string; readonly min: number; readonly max: number }
  /** `name` is that of a type of its own, such as `v3.IPIPMode`, or `string`. */
  | { readonly kind: 'text'; readonly name: string }
  /** `custom` types decode themselves. */
  | { readonly kind: 'bool' | 'float64' | 'any' | Custom };

export interface GoField {
  readonly name: string;
  readonly type: GoType;
  /** Told apart from unset even when zero. */
  readonly pointer: boolean;
  /** Printed even when zero. */
  readonly always: boolean;
}

const INTEGERS: Readonly<Record<string, readonly [min: number, max: number]>> = {
  uint8: [0, 0xff],
  uint16: [0, 0xffff],
  uint32: [0, 0xffffffff],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  int: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
};

const PLAIN = ['bool', 'float64', 'any', 'duration', 'time', 'port', 'intOrString', 'protocol', 'asNumber'] as const;

const structs = new Map<string, GoType & { readonly kind: 'struct' }>();

/** The struct of that name; undefined for what the API has none. */
function structOf(name: string): (GoType & { readonly kind: 'struct' }) | undefined {
  const known = structs.get(name);
  if (known !== undefined || !Object.hasOwn(STRUCTS, name)) return known;
  const fields = fieldsOf(STRUCTS[name]);
  const made = { kind: 'struct', name, fields } as const;
  structs.set(name, made);
  return made;
}

function fieldsOf(text: string): ReadonlyMap<string, GoField> {
  return new Map(
    text.split(/\s+/).map((word) => {
      const field = fieldOf(word);
      return [field.name, field];
    }),
  );
}

function fieldOf(word: string): GoField {
  const [, name, mark, star, type] = /^(\w+)(!?):(\*?)(.+)$/.exec(word) ?? [];
  return { name, type: typeOf(type), pointer: star === '*', always: mark === '!' };
}

function typeOf(text: string): GoType {
  if (text.startsWith('[]')) return { kind: 'list', of: typeOf(text.slice(2)) };
  if (text.startsWith('map[string]')) return { kind: 'map', of: typeOf(text.slice('map[string]'.length)) };
  const plain = PLAIN.find((word) => word === text);
  if (plain !== undefined) return { kind: plain };
  if (Object.hasOwn(INTEGERS, text)) {
    const [min, max] = INTEGERS[text];
    return { kind: 'integer', name: text, min, max };
  }
  const struct = structOf(text);
  if (struct !== undefined) return struct;
  return { kind: 'text', name: text === 'string' || text.includes('.') ? text : `v3.${text}` };
}

/** An object of a kind as Go has it: its own struct around the spec's. */
export function objectType(kind: string): GoType & { readonly kind: 'struct' } {
  const known = structs.get(kind);
  if (known !== undefined) return known;
  const status = Object.hasOwn(STATUSES, kind) ? ` status:*${STATUSES[kind]}` : '';
  const spec = `${kind}Spec`;
  const fields = fieldsOf(`kind:string apiVersion:string metadata:ObjectMeta spec:${spec}${status}`);
  const made = { kind: 'struct', name: kind, fields } as const;
  structs.set(kind, made);
  return made;
}

/** A type as Go's messages name it. */
export function nameOf(type: GoType): string {
  switch (type.kind) {
    case 'list':
      return `[]${nameOf(type.of)}`;
    case 'map':
      return `map[string]${nameOf(type.of)}`;
    case 'struct':
      return `${Object.hasOwn(KUBERNETES_STRUCTS, type.name) ? 'v1' : 'v3'}.${type.name}`;
    case 'integer':
    case 'text':
      return type.name;
    case 'duration':
      return 'v1.Duration';
    case 'time':
      return 'v1.Time';
    case 'intOrString':
      return 'intstr.IntOrString';
    case 'any':
      return 'interface {}';
    case 'bool':
    case 'float64':
      return type.kind;
    default:
      return `numorstring.${CUSTOM[type.kind]}`;
  }
}

const CUSTOM = { port: 'Port', protocol: 'Protocol', asNumber: 'ASNumber' } as const;

/** A type's value when nothing was said. */
export function zeroOf(type: GoType): unknown {
  switch (type.kind) {
    case 'struct':
      return Object.fromEntries(
        [...type.fields.values()].map((field) => [field.name, field.pointer ? null : zeroOf(field.type)]),
      );
    case 'list':
      return [];
    case 'map':
      return {};
    case 'bool':
      return false;
    case 'integer':
    case 'float64':
    case 'asNumber':
    case 'port':
    case 'intOrString':
    case 'protocol':
      return 0;
    case 'any':
    case 'time':
      return null;
    case 'duration':
      return '0s';
    case 'text':
      return '';
  }
}
