import { ByteWriter } from '../../base/index.ts';
import { u16, u32 } from './attribute/row.ts';
import { CAPABILITY_CODES, type Capability, decodeCapability, encodeCapability } from './capability.ts';
import { LikeParameters } from './like-parameters.ts';
import { frame, HEADER_LENGTH, MESSAGE } from './message.ts';
import { ERROR, type Notification, notification, OPEN_ERROR } from './notification.ts';

/** Stands for an AS number that two octets can't hold (RFC 6793). */
export const AS_TRANS = 23456;

/** Optional parameter types: capabilities (RFC 5492), and the mark of the long form (RFC 9072). */
const CAPABILITIES = 2;
const EXTENDED = 255;

const { multiprotocol, extendedNextHop, gracefulRestart, fourOctetAs, addPath } = CAPABILITY_CODES;
/**
 * Without these a session would be another one than the peer believes: it would send what we read in another way, or not at
 * all. One of a wrong length refuses the session, as with BIRD and FRR; any other is passed over (RFC 5492 §3).
 */
const DECISIVE: ReadonlySet<number> = new Set([multiprotocol, extendedNextHop, gracefulRestart, fourOctetAs, addPath]);

const lately = new LikeParameters();

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
  const body = start + HEADER_LENGTH;
  if (end - body < 10) return refuse(OPEN_ERROR.UNSPECIFIC, 'the message is too short');
  if (bytes[body] !== 4) return refuse(OPEN_ERROR.UNSUPPORTED_VERSION, `version ${bytes[body]}`, [0, 4]);
  const shortAs = u16(bytes, body + 1);
  const holdTime = u16(bytes, body + 3);
  const routerId = u32(bytes, body + 5);
  let capabilities = lately.find(bytes, body + 9, end);
  if (capabilities === undefined) {
    const read: Capability[] = [];
    const wrong = readParameters(bytes, body + 9, end, read);
    if (wrong !== undefined) return wrong;
    lately.add(bytes, body + 9, end, read);
    capabilities = read;
  }
  const fourOctet = capabilities.find((capability) => capability.kind === 'fourOctetAs');
  const asn = fourOctet?.asn ?? shortAs;
  if (shortAs === 0 || asn === 0) return refuse(OPEN_ERROR.BAD_PEER_AS, 'AS number 0');
  if (holdTime === 1 || holdTime === 2) return refuse(OPEN_ERROR.UNACCEPTABLE_HOLD_TIME, `hold time ${holdTime} s`);
  if (routerId === 0) return refuse(OPEN_ERROR.BAD_BGP_IDENTIFIER, 'BGP identifier 0.0.0.0');
  return { kind: 'open', asn, holdTime, routerId, capabilities };
}

/** Reads optional parameters, whose length stands at `start`, or says what is wrong with them. */
function readParameters(
  bytes: Uint8Array,
  start: number,
  end: number,
  capabilities: Capability[],
): OpenResult | undefined {
  // The long form is marked by the type that follows, whatever the length field says but 0 (RFC 9072 §2).
  const extended = end - start >= 4 && bytes[start] !== 0 && bytes[start + 1] === EXTENDED;
  let at = start + (extended ? 4 : 1);
  const length = extended ? u16(bytes, start + 2) : bytes[start];
  if (length !== end - at)
    return refuse(OPEN_ERROR.UNSPECIFIC, `optional parameters of ${length} octets in ${end - at}`);
  const header = extended ? 3 : 2;
  while (at < end) {
    if (end - at < header) return refuse(OPEN_ERROR.UNSPECIFIC, 'octets left over that are no parameter');
    const type = bytes[at];
    const next = at + header + (extended ? u16(bytes, at + 1) : bytes[at + 1]);
    if (next > end) return refuse(OPEN_ERROR.UNSPECIFIC, `optional parameter ${type} overruns the message`);
    if (type !== CAPABILITIES) return refuse(OPEN_ERROR.UNSUPPORTED_OPTIONAL_PARAMETER, `optional parameter ${type}`);
    const wrong = readCapabilities(bytes, at + header, next, capabilities);
    if (wrong !== undefined) return refuse(OPEN_ERROR.UNSPECIFIC, wrong);
    at = next;
  }
  return undefined;
}

function readCapabilities(bytes: Uint8Array, start: number, end: number, into: Capability[]): string | undefined {
  let at = start;
  while (at < end) {
    const next = at + 2 + bytes[at + 1];
    if (end - at < 2 || next > end) return 'a capability overruns its parameter';
    const code = bytes[at];
    const capability = decodeCapability(code, bytes, at + 2, next);
    if (capability.kind === 'unknown' && DECISIVE.has(code)) {
      return `capability ${code} of ${next - at - 2} octets, which it can't have`;
    }
    into.push(capability);
    at = next;
  }
  return undefined;
}

function refuse(subcode: number, reason: string, data: readonly number[] = []): OpenResult {
  return { kind: 'malformed', error: notification(ERROR.OPEN, subcode, data), reason };
}
