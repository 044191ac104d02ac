import type { ByteReader, ByteWriter } from '../../base/index.ts';
import { attributeText, forEachAttribute } from './attribute.ts';
import { encodeMessage } from './message.ts';

/*
 * |    Command    |    Version    |           Reserved            |
 * |   Attributes                                                  |      include/uapi/linux/genetlink.h
 */
const HEADER = 4;

/** The family that knows the others. */
const GENL_ID_CTRL = 16;
const CTRL_VERSION = 1;
const CTRL_CMD_GETFAMILY = 3;
const CTRL_ATTR_FAMILY_ID = 1;
const CTRL_ATTR_FAMILY_NAME = 2;

/** The kind of request: the family's number, which the kernel gives out as families register. */
export interface GenericCommand {
  readonly family: number;
  readonly command: number;
  readonly version: number;
  readonly flags?: number;
}

export function encodeGeneric(what: GenericCommand, attributes: (writer: ByteWriter) => void): Uint8Array {
  return encodeMessage(what.family, what.flags ?? 0, (writer) => {
    writer.u8(what.command).u8(what.version).u16(0);
    attributes(writer);
  });
}

/** Hands on what follows the header. */
export function forEachGenericAttribute(body: ByteReader, visit: (type: number, value: ByteReader) => void): void {
  body.skip(HEADER);
  forEachAttribute(body, visit);
}

/** Asks for the number of a family by name, such as `wireguard`; the kernel loads its module if it can. */
export function encodeFamilyGet(name: string): Uint8Array {
  const what = { family: GENL_ID_CTRL, command: CTRL_CMD_GETFAMILY, version: CTRL_VERSION };
  return encodeGeneric(what, (writer) => attributeText(writer, CTRL_ATTR_FAMILY_NAME, name));
}

export function decodeFamily(body: ByteReader): number | undefined {
  let family: number | undefined;
  forEachGenericAttribute(body, (type, value) => {
    if (type === CTRL_ATTR_FAMILY_ID) family = value.u16();
  });
  return family;
}
