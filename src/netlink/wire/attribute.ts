import type { ByteReader, ByteWriter } from '../../base/index.ts';

/*
 * |            Length             |             Type              |   length counts itself and the type, not the padding
 * |                         Value, padded to 4                    |   include/uapi/linux/netlink.h (struct nlattr)
 */

/** Marks an attribute that holds attributes (NLA_F_NESTED); some kernel tables insist on it, none minds it. */
const NESTED = 0x8000;
/** NLA_F_NESTED and NLA_F_NET_BYTEORDER are not part of the type. */
const TYPE_MASK = 0x3fff;
/** Octets of length and type. */
export const ATTRIBUTE_HEADER = 4;

const text = new TextDecoder();

/** Begins an attribute of unknown length; what is written until it is closed by this mark is its value. */
function open(writer: ByteWriter, type: number): number {
  const mark = writer.fork(2);
  writer.u16(type);
  return mark;
}

function close(writer: ByteWriter, mark: number): void {
  writer.join(mark, 2, 2).zeros(-writer.length & 3);
}

export function attributeU8(writer: ByteWriter, type: number, value: number): void {
  writer
    .u16(ATTRIBUTE_HEADER + 1)
    .u16(type)
    .u8(value)
    .zeros(3);
}

export function attributeU16(writer: ByteWriter, type: number, value: number): void {
  writer
    .u16(ATTRIBUTE_HEADER + 2)
    .u16(type)
    .u16(value)
    .zeros(2);
}

/** A 16-bit value in network order, as ports are. */
export function attributeU16Network(writer: ByteWriter, type: number, value: number): void {
  writer
    .u16(ATTRIBUTE_HEADER + 2)
    .u16(type)
    .u8(value >>> 8)
    .u8(value & 255)
    .zeros(2);
}

export function attributeU32(writer: ByteWriter, type: number, value: number): void {
  writer
    .u16(ATTRIBUTE_HEADER + 4)
    .u16(type)
    .u32(value);
}

export function attributeBytes(writer: ByteWriter, type: number, value: Uint8Array): void {
  const { length } = value;
  writer
    .u16(ATTRIBUTE_HEADER + length)
    .u16(type)
    .raw(value)
    .zeros(-length & 3);
}

/** A 32-bit value in network order, as all numbers of nftables are. */
export function attributeU32Network(writer: ByteWriter, type: number, value: number): void {
  const swapped = (value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24);
  attributeU32(writer, type, swapped >>> 0);
}

/** Text with the closing zero that the kernel expects of names. */
export function attributeText(writer: ByteWriter, type: number, value: string): void {
  const mark = open(writer, type);
  writer.text(value).u8(0);
  close(writer, mark);
}

export function attributeNest(writer: ByteWriter, type: number, body: () => void): void {
  const mark = openNest(writer, type);
  body();
  closeNest(writer, mark);
}

/** Begins an attribute of attributes, for those who write thousands and make no function for each: to be closed by its mark. */
export function openNest(writer: ByteWriter, type: number): number {
  return open(writer, type | NESTED);
}

export function closeNest(writer: ByteWriter, mark: number): void {
  close(writer, mark);
}

/**
 * Hands each attribute's type and value to `visit`. An attribute that is longer than what is left, or shorter than its
 * own header, throws `RangeError`. Fewer than four bytes at the end are padding.
 */
export function forEachAttribute(reader: ByteReader, visit: (type: number, value: ByteReader) => void): void {
  while (reader.left >= ATTRIBUTE_HEADER) {
    const length = reader.u16();
    const type = reader.u16() & TYPE_MASK;
    if (length < ATTRIBUTE_HEADER || length - ATTRIBUTE_HEADER > reader.left) {
      throw new RangeError(`netlink attribute ${type} of ${length} bytes with ${reader.left + ATTRIBUTE_HEADER} left`);
    }
    visit(type, reader.fork(length - ATTRIBUTE_HEADER));
    reader.skip(Math.min(-length & 3, reader.left));
  }
}

/** The text of an attribute up to its closing zero. */
export function readText(value: ByteReader): string {
  const bytes = value.take(value.left);
  const end = bytes.indexOf(0);
  return text.decode(end < 0 ? bytes : bytes.subarray(0, end));
}

export function readU16Network(value: ByteReader): number {
  return value.u8() * 256 + value.u8();
}
