import fc from 'fast-check';
import t from 'tap';
import { ByteReader, ByteWriter, OutOfBytes } from '../../src/base/index.ts';

const field = fc.oneof(
  fc.record({ kind: fc.constant('u8' as const), value: fc.integer({ min: 0, max: 0xff }) }),
  fc.record({ kind: fc.constant('u16' as const), value: fc.integer({ min: 0, max: 0xffff }) }),
  fc.record({ kind: fc.constant('u32' as const), value: fc.integer({ min: 0, max: 0xffffffff }) }),
  fc.record({ kind: fc.constant('i32' as const), value: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }) }),
  fc.record({ kind: fc.constant('u64' as const), value: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) }),
);

for (const little of [false, true]) {
  t.test(
    `${little ? 'little' : 'big'} endian: what is written reads back, from a buffer that had to grow`,
    async (t) => {
      fc.assert(
        fc.property(fc.array(field), (fields) => {
          const writer = new ByteWriter(1, little);
          for (const { kind, value } of fields) kind === 'u64' ? writer.u64(value) : writer[kind](value);
          const reader = new ByteReader(writer.finish(), 0, undefined, little);
          return fields.every(({ kind, value }) => reader[kind]() === value) && reader.left === 0;
        }),
      );
      t.pass();
    },
  );
}

t.test('network order by default', async (t) => {
  const bytes = new ByteWriter().u16(0x0102).u32(0x03040506).u8(7).u64(8n).finish();
  t.same([...bytes], [1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 0, 0, 0, 0, 8]);
});

t.test('fork and join put the length in front', async (t) => {
  for (const width of [1, 2, 4] as const) {
    const writer = new ByteWriter(2);
    const mark = writer.u8(0xff).fork(width);
    writer.raw([1, 2, 3]).join(mark, width);
    const reader = new ByteReader(writer.view(), 1);
    t.equal(width === 1 ? reader.u8() : width === 2 ? reader.u16() : reader.u32(), 3);
  }
  const whole = new ByteWriter();
  const mark = whole.fork(2);
  t.same([...whole.u8(9).join(mark, 2, 2).finish()], [0, 3, 9], 'a length that counts itself');
});

t.test('every read past the end throws, and moves nothing', async (t) => {
  const reads = ['u8', 'u16', 'u32', 'i32', 'u64'] as const;
  for (const [index, read] of reads.entries()) {
    const reader = new ByteReader(new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]), 8 - [1, 2, 4, 4, 8][index] + 1);
    const at = reader.at;
    t.throws(() => reader[read](), OutOfBytes, read);
    t.equal(reader.at, at);
  }
  const reader = new ByteReader(new Uint8Array(4));
  t.throws(() => reader.take(5), { code: 'OUT_OF_BYTES' });
  t.throws(() => reader.take(-1), { code: 'OUT_OF_BYTES' });
  t.throws(() => reader.skip(5), OutOfBytes);
});

t.test('a fork reads its part only, whatever lies behind', async (t) => {
  const reader = new ByteReader(new Uint8Array([1, 2, 3, 4]), 1);
  const part = reader.fork(2);
  t.same([reader.at, part.left, part.u8(), part.u8()], [3, 2, 2, 3]);
  t.throws(() => part.u8(), OutOfBytes);
  t.equal(reader.u8(), 4);
});

t.test('a reader honours where its bytes lie in their buffer', async (t) => {
  const within = new Uint8Array([9, 9, 0, 1, 9]).subarray(2, 4);
  t.equal(new ByteReader(within).u16(), 1);
  t.same([...new ByteReader(within).take(2)], [0, 1]);
});

t.test('text is written in UTF-8, plain or not', async (t) => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.string(), fc.string({ unit: 'grapheme' }))), (texts) => {
      const writer = new ByteWriter(1);
      for (const text of texts) writer.text(text);
      return Buffer.from(writer.finish()).equals(Buffer.from(texts.join('')));
    }),
  );
  t.pass();
});

t.test('a writer is used again after reset', async (t) => {
  const writer = new ByteWriter(1).raw([1, 2, 3]);
  t.equal(writer.length, 3);
  t.same([...writer.reset().u8(4).zeros(2).view()], [4, 0, 0]);
  t.same([...writer.setU16(1, 0x0506).finish()], [4, 5, 6]);
  t.same([...writer.u32(0).setU32(3, 0x01020304).finish()], [4, 5, 6, 1, 2, 3, 4]);
});

t.test('what does not fit its field is refused, and nothing is written', async (t) => {
  const out = new ByteWriter(4);
  const wrong: Readonly<Record<string, () => unknown>> = {
    u8: () => out.u8(300),
    'u8 below': () => out.u8(-1),
    'u8 between': () => out.u8(1.5),
    u16: () => out.u16(0x1_0000),
    u32: () => out.u32(2 ** 32),
    'u32 below': () => out.u32(-1),
    i32: () => out.i32(2 ** 31),
    'no number': () => out.u32(Number.NaN),
    u64: () => out.u64(1n << 64n),
    'u64 below': () => out.u64(-1n),
    setU16: () => out.setU16(0, 0x1_0000),
    setU32: () => out.setU32(0, -1),
  };
  for (const [name, write] of Object.entries(wrong)) t.throws(write, RangeError, name);
  t.equal(out.length, 0);
  out
    .u8(255)
    .u16(0xffff)
    .u32(0xffffffff)
    .i32(-(2 ** 31))
    .u64((1n << 64n) - 1n);
  t.equal(out.length, 19, 'the widest values fit');

  const long = new ByteWriter();
  const mark = long.fork(1);
  t.throws(() => long.zeros(256).join(mark, 1), RangeError, 'a length that does not fit its field');
  t.throws(() => new ByteWriter().join(0, 2), RangeError, 'a length below zero');
});
