import { ByteReader } from '../../../src/base/index.ts';
import type { ElementVerdict, ObjectChange, RuleExpression } from '../../../src/netlink/index.ts';
import { forEachAttribute, readText } from '../../../src/netlink/wire/attribute.ts';
import { HEADER_LENGTH } from '../../../src/netlink/wire/message.ts';
import { protocolFamilyName } from '../../../src/netlink/wire/nfnetlink.ts';

/** A request about a chain, a rule or a set, read by the kernel's headers: nothing of it is the encoder's. */
export interface ReadObject {
  readonly table: { readonly family: string | undefined; readonly name: string };
  readonly change: ObjectChange;
  readonly number?: number;
}

const VERBS = new Map<number, ObjectChange['verb']>([
  [3, 'add chain'],
  [5, 'delete chain'],
  [6, 'add rule'],
  [8, 'empty chain'],
  [9, 'add set'],
  [11, 'delete set'],
]);

const VERDICTS = new Map<number, Exclude<ElementVerdict['verdict'], 'jump' | 'goto'>>([
  [0, 'drop'],
  [1, 'accept'],
  [-1, 'continue'],
  [-5, 'return'],
]);

export function readObject(message: Uint8Array): ReadObject {
  const verb = VERBS.get(message[4]);
  const body = new ByteReader(message, HEADER_LENGTH, message.length, true);
  const family = protocolFamilyName(body.u8());
  body.skip(3);
  const parts = partsOf(body);
  const table = { family, name: text(parts, 1) };
  switch (verb) {
    case 'add chain':
    case 'delete chain':
      return { table, change: { verb, chain: text(parts, 3) } };
    case 'empty chain':
      return { table, change: { verb, chain: text(parts, 2) } };
    case 'add rule':
      return { table, change: readRule(parts) };
    case 'add set': {
      const [flags, type, octets, number] = [3, 4, 5, 10].map((attribute) => u32(parts, attribute));
      // Type 0, four octets: the order of a key's octets in the host's.
      const [kind, length, order] = octetsOf(parts, 13);
      if (kind !== 0 || length !== 4) throw new Error(`user data of a set begins with ${kind}, ${length}`);
      const declaration = { type, octets, isInterval: flags === 4, isNumber: order === 2 };
      return { table, change: { verb, set: text(parts, 2), declaration }, number };
    }
    case 'delete set':
      return { table, change: { verb, set: text(parts, 2) } };
    default:
      throw new Error(`message ${message[4]} of nftables`);
  }
}

function readRule(parts: Parts): ObjectChange {
  const expressions: RuleExpression[] = [];
  forEachAttribute(part(parts, 4), (_, each) => expressions.push(readExpression(partsOf(each))));
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

function readExpression(parts: Parts): RuleExpression {
  const name = text(parts, 1);
  const data = partsOf(part(parts, 2));
  switch (name) {
    case 'meta':
      if (u32(data, 2) !== 16) throw new Error(`key ${u32(data, 2)} of meta`);
      return { kind: 'meta', key: 'l4proto', to: u32(data, 1) };
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
      const isPlain = u32(data, 1) === u32(data, 2) && dataOf(data, 5).every((octet) => octet === 0);
      if (!isPlain || u32(data, 3) !== mask.length) throw new Error('bitwise that is more than a mask');
      return { kind: 'mask', register: u32(data, 1), mask };
    }
    case 'lookup':
      return { kind: 'lookup', set: text(data, 1), from: u32(data, 2), isNot: data.has(5) && u32(data, 5) === 1 };
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
