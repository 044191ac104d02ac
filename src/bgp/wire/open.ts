import { ByteReader, ByteWriter, OutOfBytes } from '../../base/index.ts';
import { type Capability, decodeCapability, encodeCapability } from './capability.ts';
import { frame, HEADER_LENGTH, MAX_MESSAGE, MESSAGE } from './message.ts';
import { ERROR, type Notification, notification, OPEN_ERROR } from './notification.ts';

/** Stands for an AS number that two octets can't hold (RFC 6793). */
export const AS_TRANS = 23456;

/** Optional parameter types: capabilities (RFC 5492), and the mark of the long form (RFC 9072). */
const CAPABILITIES = 2;
const EXTENDED = 255;

/**
 * An OPEN (RFC 4271 §4.2):
 *
 *     +---------------+
 *     |  Version = 4  |
 *     +---------------+---------------+
 *     |       My Autonomous System    |
 *     +-------------------------------+
 *     |           Hold Time           |
 *     +-------------------------------+-------------------------------+
 *     |                        BGP Identifier                         |
 *     +---------------+-----------------------------------------------+
 *     | Opt Parm Len  |  Optional Parameters (variable)               |
 *     +---------------+-----------------------------------------------+
 */
export interface Open {
  readonly kind: 'open';
  /** The real AS number: from the 4-octet capability if there is one, else from the fixed field. */
  readonly asn: number;
  /** Seconds: 0, or at least 3. */
  readonly holdTime: number;
  /** As an unsigned integer, never 0. */
  readonly routerId: number;
  readonly capabilities: readonly Capability[];
}

export type OpenResult = Open | { readonly kind: 'malformed'; readonly error: Notification; readonly reason: string };

/**
 * A whole OPEN. All capabilities go into one parameter; more than 255 octets of them take the long form of RFC 9072.
 */
export function encodeOpen(open: Omit<Open, 'kind'>): Uint8Array {
  const capabilities = new ByteWriter(128);
  for (const capability of open.capabilities) encodeCapability(capability, capabilities);
  const out = new ByteWriter(256);
  out
    .u8(4)
    .u16(open.asn > 0xffff ? AS_TRANS : open.asn)
    .u16(open.holdTime)
    .u32(open.routerId);
  const { length } = capabilities;
  if (length === 0) out.u8(0);
  else if (length + 2 < 255)
    out
      .u8(length + 2)
      .u8(CAPABILITIES)
      .u8(length);
  else
    out
      .u8(EXTENDED)
      .u8(EXTENDED)
      .u16(length + 3)
      .u8(CAPABILITIES)
      .u16(length);
  return frame(MESSAGE.OPEN, out.raw(capabilities.view()).finish());
}

/** Reads the whole message at `start` and checks all that needs no configuration (RFC 4271 §6.2). */
export function decodeOpen(bytes: Uint8Array, start: number, end: number): OpenResult {
  try {
    return read(new ByteReader(bytes, start + HEADER_LENGTH, Math.min(end, start + MAX_MESSAGE)));
  } catch (error) {
    if (!(error instanceof OutOfBytes)) throw error;
    return refuse(OPEN_ERROR.UNSPECIFIC, `the message is too short: ${error.message}`);
  }
}

function read(body: ByteReader): OpenResult {
  const version = body.u8();
  if (version !== 4) return refuse(OPEN_ERROR.UNSUPPORTED_VERSION, `version ${version}`, [0, 4]);
  const shortAs = body.u16();
  const holdTime = body.u16();
  const routerId = body.u32();
  const capabilities: Capability[] = [];
  const wrong = readParameters(body, capabilities);
  if (wrong !== undefined) return wrong;
  const fourOctet = capabilities.find((capability) => capability.kind === 'fourOctetAs');
  const asn = fourOctet?.asn ?? shortAs;
  if (shortAs === 0 || asn === 0) return refuse(OPEN_ERROR.BAD_PEER_AS, 'AS number 0');
  if (holdTime === 1 || holdTime === 2) return refuse(OPEN_ERROR.UNACCEPTABLE_HOLD_TIME, `hold time ${holdTime} s`);
  if (routerId === 0) return refuse(OPEN_ERROR.BAD_BGP_IDENTIFIER, 'BGP identifier 0.0.0.0');
  return { kind: 'open', asn, holdTime, routerId, capabilities };
}

function readParameters(body: ByteReader, capabilities: Capability[]): OpenResult | undefined {
  const shortLength = body.u8();
  // The long form is marked by the type that follows, whatever the length field says but 0 (RFC 9072 §2).
  const extended = shortLength !== 0 && body.left > 0 && body.bytes[body.at] === EXTENDED;
  if (extended) body.skip(1);
  const length = extended ? body.u16() : shortLength;
  if (length !== body.left) {
    return refuse(OPEN_ERROR.UNSPECIFIC, `optional parameters of ${length} octets in ${body.left}`);
  }
  while (body.left > 0) {
    const type = body.u8();
    const parameter = body.fork(extended ? body.u16() : body.u8());
    if (type !== CAPABILITIES) return refuse(OPEN_ERROR.UNSUPPORTED_OPTIONAL_PARAMETER, `optional parameter ${type}`);
    while (parameter.left > 0) capabilities.push(decodeCapability(parameter.u8(), parameter.take(parameter.u8())));
  }
  return undefined;
}

function refuse(subcode: number, reason: string, data: readonly number[] = []): OpenResult {
  return { kind: 'malformed', error: notification(ERROR.OPEN, subcode, data), reason };
}
