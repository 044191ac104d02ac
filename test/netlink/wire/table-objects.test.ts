import { deepStrictEqual } from 'node:assert';
import fc from 'fast-check';
import t from 'tap';
import { ByteReader } from '../../../src/base/index.ts';
import type { ElementVerdict, ObjectChange, RuleExpression, SetDeclaration } from '../../../src/netlink/index.ts';
import { decodeChain } from '../../../src/netlink/wire/chain-list.ts';
import { HEADER_LENGTH } from '../../../src/netlink/wire/message.ts';
import { decodeRuleCount } from '../../../src/netlink/wire/rule-counters.ts';
import { encodeElements } from '../../../src/netlink/wire/set-elements.ts';
import {
  decodeDumpedChain,
  decodeDumpedElements,
  decodeDumpedRule,
  decodeDumpedSet,
} from '../../../src/netlink/wire/table-dump.ts';
import { BatchNumbers, encodeObject } from '../../../src/netlink/wire/table-objects.ts';
import { readObjects } from './object-reader.ts';

const TABLE = { family: 'ip6', name: 'vrouter-policy' };
const SEED = { seed: 20240611, numRuns: 500 };

const name = fc.stringMatching(/^[a-z][a-z0-9./_-]{0,30}$/);
const register = fc.integer({ min: 1, max: 23 });
const octets = fc.uint8Array({ minLength: 1, maxLength: 16 });

const verdict: fc.Arbitrary<ElementVerdict> = fc.oneof(
  fc.record({ verdict: fc.constantFrom('accept', 'drop', 'return', 'continue') }),
  fc.record({ verdict: fc.constantFrom('jump', 'goto'), chain: name }),
);

const declaration: fc.Arbitrary<SetDeclaration> = fc.record({
  type: fc.integer({ min: 1, max: 0xffffff }),
  octets: fc.integer({ min: 1, max: 64 }),
  isInterval: fc.boolean(),
  order: fc.constantFrom('none', 'host', 'network'),
  isMap: fc.boolean(),
});
const anonymous = fc
  .tuple(declaration, fc.array(fc.tuple(octets, verdict), { minLength: 1, maxLength: 6 }))
  .map(([declared, pairs]) => ({
    declaration: declared,
    elements: pairs.map(([key, value]) => (declared.isMap ? { key, value } : { key })),
  }));

const expression: fc.Arbitrary<RuleExpression> = fc.oneof(
  fc.record({
    kind: fc.constant('meta'),
    key: fc.constantFrom('l4proto', 'mark', 'iifname', 'oifname'),
    to: register,
  }),
  fc.record({ kind: fc.constant('connection state'), to: register }),
  fc.record({ kind: fc.constant('set mark'), from: register }),
  fc.record({
    kind: fc.constant('payload'),
    base: fc.constantFrom('network', 'transport'),
    offset: fc.nat(60),
    octets: fc.integer({ min: 1, max: 16 }),
    to: register,
  }),
  fc.record({
    kind: fc.constant('compare'),
    is: fc.constantFrom('==', '!=', '<=', '>='),
    from: register,
    value: octets,
  }),
  fc.record({ kind: fc.constant('outside'), from: register, first: octets, last: octets }),
  fc.record({ kind: fc.constant('mask'), register, mask: octets }),
  octets.map((mask) => ({ kind: 'mask', register: 1, mask, xor: new Uint8Array(mask.length).fill(3) }) as const),
  fc.record({
    kind: fc.constant('lookup'),
    set: fc.oneof(name, anonymous),
    from: register,
    isNot: fc.boolean(),
    isMap: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('count') }),
  fc.record({ kind: fc.constant('verdict'), verdict }),
);

const comment = fc.option(fc.string({ unit: 'binary', maxLength: 30 }), { nil: undefined });
const rule = fc.record({
  verb: fc.constant('add rule'),
  chain: name,
  expressions: fc.array(expression, { maxLength: 12 }),
  comment: comment.map((text) => text?.replaceAll('\0', '')),
});

const base = fc.record({
  type: fc.constantFrom('filter', 'nat', 'route'),
  hook: fc.constantFrom('prerouting', 'input', 'forward', 'output', 'postrouting'),
  priority: fc.integer({ min: -500, max: 500 }),
  policy: fc.constantFrom('accept', 'drop'),
});

const change: fc.Arbitrary<ObjectChange> = fc.oneof(
  fc.record({ verb: fc.constantFrom('add table', 'delete table') }),
  fc.record({ verb: fc.constantFrom('add chain', 'empty chain', 'delete chain'), chain: name }),
  fc.record({ verb: fc.constant('add chain'), chain: name, base }),
  rule,
  fc.record({ verb: fc.constant('add set'), set: name, declaration }),
  fc.record({ verb: fc.constant('delete set'), set: name }),
);

function bodyOf(message: Uint8Array): ByteReader {
  return new ByteReader(message, HEADER_LENGTH, message.length, true);
}

t.test('tables, chains, rules and sets read back as they were written', async (t) => {
  fc.assert(
    fc.property(change, fc.nat(20), (written, before) => {
      const numbers = new BatchNumbers();
      for (let count = 0; count < before; count++) numbers.next();
      const read = readObjects(encodeObject(TABLE, written, numbers));
      const numbered = written.verb === 'add set' ? { number: before + 1 } : {};
      // By value: fast-check makes objects without a prototype.
      deepStrictEqual(structuredClone(read), structuredClone({ table: TABLE, change: written, ...numbered }));
    }),
    SEED,
  );
  t.pass();
});

t.test('what the kernel tells of chains, rules and sets is read as it was written', async (t) => {
  fc.assert(
    fc.property(change, (given) => {
      const [message] = encodeObject(TABLE, given, new BatchNumbers()).slice(-1);
      if (given.verb === 'add chain') {
        const { chain, base: hook } = given;
        deepStrictEqual(
          structuredClone(decodeDumpedChain(bodyOf(message), TABLE.name)),
          structuredClone(hook === undefined ? { chain } : { chain, base: hook }),
        );
      } else if (given.verb === 'add rule') {
        const { chain, comment: said } = given;
        const expected = { chain, handle: 0, ...(said !== undefined && { comment: said }) };
        deepStrictEqual(decodeDumpedRule(bodyOf(message), TABLE.name), expected);
        deepStrictEqual(decodeDumpedRule(bodyOf(message), 'another'), undefined);
      } else if (given.verb === 'add set') {
        const { type, isInterval, isMap } = given.declaration;
        const flags = (isInterval ? 4 : 0) + (isMap ? 8 : 0);
        const expected = { set: given.set, flags, type, ...(isMap && { dataType: 0xffffff00 }) };
        deepStrictEqual(decodeDumpedSet(bodyOf(message), TABLE.name), expected);
      }
    }),
    SEED,
  );
  t.pass();
});

t.test('so are elements, with the ends of intervals and verdicts', async (t) => {
  const element = fc.tuple(octets, fc.option(verdict, { nil: undefined }), fc.option(octets, { nil: undefined }));
  fc.assert(
    fc.property(fc.array(element, { minLength: 1, maxLength: 9 }), (given) => {
      const elements = given.map(([key, value, end]) => ({ key, ...(value && { value }), ...(end && { end }) }));
      const [{ bytes }] = encodeElements(TABLE, { verb: 'add', set: 's', elements });
      const expected = given.flatMap(([key, value, end]) => [
        { key, isEnd: false, ...(value && { verdict: value }) },
        ...(end === undefined ? [] : [{ key: end, isEnd: true }]),
      ]);
      deepStrictEqual(structuredClone(decodeDumpedElements(bodyOf(bytes))), structuredClone(expected));
    }),
    SEED,
  );
  t.pass();
});

t.test('chains, comments and counters are those that our own decoders find', async (t) => {
  fc.assert(
    fc.property(rule, name, (given, chain) => {
      const [made] = encodeObject(TABLE, { verb: 'add chain', chain }, new BatchNumbers());
      deepStrictEqual(decodeChain(bodyOf(made)), { family: 'ip6', table: TABLE.name, chain });
      const counted: ObjectChange = { ...given, expressions: [...given.expressions, { kind: 'count' }] };
      const requests = encodeObject(TABLE, counted, new BatchNumbers());
      deepStrictEqual(decodeRuleCount(bodyOf(requests.at(-1)!), TABLE.name), {
        chain: given.chain,
        ...(given.comment !== undefined && { comment: given.comment }),
        packets: 0n,
        bytes: 0n,
      });
    }),
    SEED,
  );
  t.pass();
});
