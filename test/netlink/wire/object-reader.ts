import { ByteReader } from '../../../src/base/index.ts';
import type {
  AnonymousSet,
  ByteOrder,
  ElementVerdict,
  ObjectChange,
  RuleExpression,
  SetDeclaration,
  SetElement,
} from '../../../src/netlink/index.ts';
import { forEachAttribute, readText } from '../../../src/netlink/wire/attribute.ts';
import { HEADER_LENGTH } from '../../../src/netlink/wire/message.ts';
import { protocolFamilyName } from '../../../src/netlink/wire/nfnetlink.ts';

/** A request about a table, a chain, a rule or a set, read by the kernel's headers: nothing of it is the encoder's. */
export interface ReadObject {
  readonly table: { readonly family: string | undefined; readonly name: string };
  readonly change: ObjectChange;
  readonly number?: number;
}

const NEW_SET = 9;
const NEW_ELEMENTS = 12;

const VERBS = new Map<number, ObjectChange['verb']>([
  [0, 'add table'],
  [2, 'delete table'],
  [3, 'add chain'],
  [5, 'delete chain'],
  [6, 'add rule'],
  [8, 'empty chain'],
  [NEW_SET, 'add set'],
  [11, 'delete set'],
]);

const VERDICTS = new Map<number, Exclude<ElementVerdict['verdict'], 'jump' | 'goto'>>([
  [0, 'drop'],
  [1, 'accept'],
  [-1, 'continue'],
  [-5, 'return'],
]);

const HOOKS = ['prerouting', 'input', 'forward', 'output', 'postrouting'] as const;
const META_KEYS = new Map([
  [3, 'mark'],
  [6, 'iifname'],
  [7, 'oifname'],
  [16, 'l4proto'],
] as const);
const ORDERS: readonly ByteOrder[] = ['none', 'host', 'network'];

/** Sets without names, by the batch's numbers. */
type Anonymous = ReadonlyMap<number, AnonymousSet>;

/** A change of one request, or of a rule behind those for its sets without names. */
export function readObjects(messages: readonly Uint8Array[]): ReadObject {
  const sets = new Map<number, AnonymousSet>();
  for (const message of messages.slice(0, -1)) {
    const parts = partsOf(bodyOf(message));
    if (message[4] === NEW_SET) {
      const isMap = text(parts, 2) === '__map%d';
      if (!isMap && text(parts, 2) !== '__set%d') throw new Error(`set ${text(parts, 2)} before a rule`);
      const declaration = readDeclaration(parts, 3);
      if (declaration.isMap !== isMap) throw new Error('a map is called so');
      sets.set(u32(parts, 10), { declaration, elements: [] });
    } else if (message[4] === NEW_ELEMENTS) {
      const set = sets.get(u32(parts, 4))!;
      sets.set(u32(parts, 4), { ...set, elements: [...set.elements, ...readElements(parts)] });
    } else throw new Error(`message ${message[4]} before a rule`);
  }
  for (const message of messages.slice(0, -1)) {
    const parts = partsOf(bodyOf(message));
    if (message[4] !== NEW_SET) continue;
    const size = u32(partsOf(part(parts, 9)), 1);
    if (size !== sets.get(u32(parts, 10))?.elements.length) throw new Error(`${size} elements are announced`);
  }
  return readObject(messages.at(-1)!, sets);
}

function readElements(parts: Parts): readonly SetElement[] {
  const elements: SetElement[] = [];
  forEachAttribute(part(parts, 3), (_, each) => {
    const its = partsOf(each);
    const value = its.has(2) ? readVerdict(partsOf(part(partsOf(part(its, 2)), 2))) : undefined;
    elements.push({ key: dataOf(its, 1), ...(value && { value }) });
  });
  return elements;
}

/** `flags`: those that it has in any case. */
function readDeclaration(parts: Parts, flags: number): SetDeclaration {
  const [given, type, octets] = [3, 4, 5].map((attribute) => u32(parts, attribute));
  if ((given & ~12) !== flags) throw new Error(`flags ${given}`);
  const isMap = (given & 8) !== 0;
  if (isMap && u32(parts, 6) !== 0xffffff00) throw new Error(`values of type ${u32(parts, 6)}`);
  // Type 0, four octets: the order of a key's octets in the host's.
  const [kind, length, order] = octetsOf(parts, 13);
  if (kind !== 0 || length !== 4) throw new Error(`user data of a set begins with ${kind}, ${length}`);
  return { type, octets, isInterval: (given & 4) !== 0, order: ORDERS[order], isMap };
}

function bodyOf(message: Uint8Array): ByteReader {
  const body = new ByteReader(message, HEADER_LENGTH, message.length, true);
  body.skip(4);
  return body;
}

function readObject(message: Uint8Array, sets: Anonymous): ReadObject {
  const verb = VERBS.get(message[4]);
  const body = new ByteReader(message, HEADER_LENGTH, message.length, true);
  const family = protocolFamilyName(body.u8());
  body.skip(3);
  const parts = partsOf(body);
  const table = { family, name: text(parts, 1) };
  switch (verb) {
    case 'add table':
    case 'delete table':
      return { table, change: { verb } };
    case 'add chain':
      return { table, change: { verb, chain: text(parts, 3), ...(parts.has(4) && { base: readHook(parts) }) } };
    case 'delete chain':
      return { table, change: { verb, chain: text(parts, 3) } };
    case 'empty chain':
      return { table, change: { verb, chain: text(parts, 2) } };
    case 'add rule':
      return { table, change: readRule(parts, sets) };
    case 'add set':
      return {
        table,
        change: { verb, set: text(parts, 2), declaration: readDeclaration(parts, 0) },
        number: u32(parts, 10),
      };
    case 'delete set':
      return { table, change: { verb, set: text(parts, 2) } };
    default:
      throw new Error(`message ${message[4]} of nftables`);
  }
}

function readHook(parts: Parts): Extract<ObjectChange, { readonly verb: 'add chain' }>['base'] {
  const hook = partsOf(part(parts, 4));
  const type = text(parts, 7);
  if (type !== 'filter' && type !== 'nat' && type !== 'route') throw new Error(`type ${type}`);
  const policy = u32(parts, 5) === 1 ? 'accept' : 'drop';
  return { type, hook: HOOKS[u32(hook, 1)], priority: u32(hook, 2) | 0, policy };
}

function readRule(parts: Parts, sets: Anonymous): ObjectChange {
  const expressions: RuleExpression[] = [];
  forEachAttribute(part(parts, 4), (_, each) => expressions.push(readExpression(partsOf(each), sets)));
  if (!parts.has(7)) return { verb: 'add rule', chain: text(parts, 2), expressions, comment: undefined };
  const [type, length, ...comment] = octetsOf(parts, 7);
  if (type !== 0 || length !== comment.length || comment.at(-1) !== 0) throw new Error('a comment ends with a zero');
  return {
    verb: 'add rule',
    chain: text(parts, 2),
    expressions,
    comment: Buffer.from(comment.slice(0, -1)).toString(),
  };
}

function readExpression(parts: Parts, sets: Anonymous): RuleExpression {
  const name = text(parts, 1);
  const data = partsOf(part(parts, 2));
  switch (name) {
    case 'meta': {
      const key = META_KEYS.get(u32(data, 2) as 3);
      if (key === undefined) throw new Error(`key ${u32(data, 2)} of meta`);
      if (!data.has(3)) return { kind: 'meta', key, to: u32(data, 1) };
      if (key !== 'mark') throw new Error(`${key} is set`);
      return { kind: 'set mark', from: u32(data, 3) };
    }
    case 'ct':
      if (u32(data, 2) !== 0) throw new Error(`key ${u32(data, 2)} of ct`);
      return { kind: 'connection state', to: u32(data, 1) };
    case 'payload': {
      const base = u32(data, 2) === 1 ? 'network' : 'transport';
      return { kind: 'payload', base, offset: u32(data, 3), octets: u32(data, 4), to: u32(data, 1) };
    }
    case 'cmp': {
      const is = (['==', '!=', '<', '<=', '>', '>='] as const)[u32(data, 2)];
      if (is === '<' || is === '>') throw new Error(`comparison ${is}`);
      return { kind: 'compare', is, from: u32(data, 1), value: dataOf(data, 3) };
    }
    case 'range':
      return { kind: 'outside', from: u32(data, 1), first: dataOf(data, 3), last: dataOf(data, 4) };
    case 'bitwise': {
      const mask = dataOf(data, 4);
      const isPlain = u32(data, 1) === u32(data, 2) && u32(data, 3) === mask.length;
      if (!isPlain) throw new Error('bitwise from one register to another');
      const xor = dataOf(data, 5);
      return { kind: 'mask', register: u32(data, 1), mask, ...(xor.some((octet) => octet !== 0) && { xor }) };
    }
    case 'lookup': {
      const set = data.has(4) ? sets.get(u32(data, 4))! : text(data, 1);
      const isNot = data.has(5) && u32(data, 5) === 1;
      return { kind: 'lookup', set, from: u32(data, 2), isNot, isMap: data.has(3) };
    }
    case 'counter':
      return { kind: 'count' };
    case 'immediate':
      if (u32(data, 1) !== 0) throw new Error('a verdict goes to register 0');
      return { kind: 'verdict', verdict: readVerdict(partsOf(part(partsOf(part(data, 2)), 2))) };
    default:
      throw new Error(`expression ${name}`);
  }
}

function readVerdict(parts: Parts): ElementVerdict {
  const code = u32(parts, 1) | 0;
  if (code === -3 || code === -4) return { verdict: code === -3 ? 'jump' : 'goto', chain: text(parts, 2) };
  const verdict = VERDICTS.get(code);
  if (verdict === undefined) throw new Error(`verdict ${code}`);
  return { verdict };
}

/** Attributes by their number. */
type Parts = ReadonlyMap<number, ByteReader>;

function partsOf(reader: ByteReader): Parts {
  const parts = new Map<number, ByteReader>();
  forEachAttribute(reader, (type, value) => parts.set(type, value));
  return parts;
}

function part(parts: Parts, type: number): ByteReader {
  const value = parts.get(type);
  if (value === undefined) throw new Error(`no attribute ${type}`);
  return new ByteReader(value.bytes, value.at, value.end, true);
}

function octetsOf(parts: Parts, type: number): Uint8Array {
  const value = part(parts, type);
  return value.take(value.left);
}

/** Of NFTA_DATA_VALUE. */
function dataOf(parts: Parts, type: number): Uint8Array {
  return Uint8Array.from(octetsOf(partsOf(part(parts, type)), 1));
}

function text(parts: Parts, type: number): string {
  return readText(part(parts, type));
}

/** In network order. */
function u32(parts: Parts, type: number): number {
  return Buffer.from(octetsOf(parts, type)).readUInt32BE();
}
