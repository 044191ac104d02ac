import { addressFromBytes, ByteReader, OutOfBytes, prefix, VRouterError } from '../../base/index.ts';
import { RTR_ERROR, RTR_HEADER, RTR_LONGEST, RTR_TYPE, type RtrPdu, type RtrVersion } from './pdu.ts';

/** A fault in what a cache sent; `rtrCode` is that of the Error Report which says so (RFC 8210 §12). */
export class RtrError extends VRouterError {
  readonly rtrCode: number;

  constructor(rtrCode: number, message: string) {
    super('RTR', message);
    this.rtrCode = rtrCode;
  }
}

/** Octets of each type that has always the same, by version. */
const LENGTHS: Readonly<Record<number, readonly [v0: number, v1: number]>> = {
  [RTR_TYPE.SERIAL_NOTIFY]: [12, 12],
  [RTR_TYPE.SERIAL_QUERY]: [12, 12],
  [RTR_TYPE.RESET_QUERY]: [8, 8],
  [RTR_TYPE.CACHE_RESPONSE]: [8, 8],
  [RTR_TYPE.IPV4_PREFIX]: [20, 20],
  [RTR_TYPE.IPV6_PREFIX]: [32, 32],
  [RTR_TYPE.END_OF_DATA]: [12, 24],
  [RTR_TYPE.CACHE_RESET]: [8, 8],
};

/** How long the message that begins at `at` says that it is; at least its header must be there. Throws `RtrError`. */
export function rtrLength(bytes: Uint8Array, at: number): number {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(at + 4);
  if (length < RTR_HEADER || length > RTR_LONGEST) corrupt(`a message of ${length} octets`);
  return length;
}

/** Reads one whole message. Throws `RtrError`. */
export function decodeRtr(bytes: Uint8Array): RtrPdu {
  try {
    return decode(new ByteReader(bytes));
  } catch (error) {
    if (error instanceof OutOfBytes) corrupt(error.message);
    throw error;
  }
}

function decode(reader: ByteReader): RtrPdu {
  const [version, type, field, length] = [reader.u8(), reader.u8(), reader.u16(), reader.u32()];
  if (!isVersion(version)) throw new RtrError(RTR_ERROR.UNSUPPORTED_VERSION, `version ${version}`);
  if (length !== reader.bytes.length) corrupt(`a message of ${reader.bytes.length} octets says ${length}`);
  const expected = LENGTHS[type]?.[version];
  if (expected !== undefined && length !== expected) corrupt(`type ${type} has ${length} octets, not ${expected}`);
  switch (type) {
    case RTR_TYPE.SERIAL_NOTIFY:
      return { version, kind: 'serial-notify', sessionId: field, serial: reader.u32() };
    case RTR_TYPE.SERIAL_QUERY:
      return { version, kind: 'serial-query', sessionId: field, serial: reader.u32() };
    case RTR_TYPE.RESET_QUERY:
      return { version, kind: 'reset-query' };
    case RTR_TYPE.CACHE_RESPONSE:
      return { version, kind: 'cache-response', sessionId: field };
    case RTR_TYPE.IPV4_PREFIX:
    case RTR_TYPE.IPV6_PREFIX:
      return readPrefix(version, type === RTR_TYPE.IPV4_PREFIX ? 4 : 16, reader);
    case RTR_TYPE.END_OF_DATA: {
      const serial = reader.u32();
      if (version === 0) return { version, kind: 'end-of-data', sessionId: field, serial };
      const intervals = { refresh: reader.u32(), retry: reader.u32(), expire: reader.u32() };
      return { version, kind: 'end-of-data', sessionId: field, serial, intervals };
    }
    case RTR_TYPE.CACHE_RESET:
      return { version, kind: 'cache-reset' };
    case RTR_TYPE.ERROR_REPORT: {
      const quoted = reader.take(reader.u32()).slice();
      const text = new TextDecoder().decode(reader.take(reader.u32()));
      return { version, kind: 'error-report', code: field, quoted, text };
    }
    default:
      if (type === RTR_TYPE.ROUTER_KEY && version === 1) return { version, kind: 'router-key' };
      throw new RtrError(RTR_ERROR.UNSUPPORTED_TYPE, `type ${type} in version ${version}`);
  }
}

/** Bits beyond the length are cut off: announced and withdrawn, it is the same prefix. */
function readPrefix(version: RtrVersion, octets: 4 | 16, reader: ByteReader): RtrPdu {
  const [flags, length, maxLength] = [reader.u8(), reader.u8(), reader.u8()];
  reader.skip(1);
  if (length > maxLength || maxLength > octets * 8) corrupt(`prefix length ${length}, at most ${maxLength}`);
  const network = prefix(addressFromBytes(reader.take(octets)), length);
  const payload = { prefix: network, maxLength, asn: reader.u32() };
  return { version, kind: 'prefix', announce: (flags & 1) === 1, payload };
}

function isVersion(version: number): version is RtrVersion {
  return version === 0 || version === 1;
}

function corrupt(reason: string): never {
  throw new RtrError(RTR_ERROR.CORRUPT_DATA, reason);
}
