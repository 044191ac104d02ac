/*
 * Probes as they travel in UDP. An answer is the probe itself with another kind, so it tells of both directions:
 *
 *     0   4    5        8         12      16
 *     VRP1 kind reserved session   round   zeros up to the packet's size
 */

const MAGIC = 0x56525031;
const [REQUEST, ANSWER] = [1, 2];
/** Octets of UDP's payload that say something. */
const HEADER = 16;
/** IP's and UDP's headers. */
const HEADERS = { 4: 28, 6: 48 } as const;
/** Octets of a small packet, IP's header and all: any way takes it. */
export const SMALL = 100;

export interface ProbePacket {
  readonly kind: 'request' | 'answer';
  /** One life of the node that sent it. */
  readonly session: number;
  readonly round: number;
  /** Octets of the IP packet. */
  readonly size: number;
}

/** The payload of a request that makes a packet of `size` octets, or of the smallest size there is. */
export function encodeProbe({ session, round, size }: Omit<ProbePacket, 'kind'>, family: 4 | 6): Uint8Array {
  const payload = new Uint8Array(Math.max(HEADER, size - HEADERS[family]));
  const view = new DataView(payload.buffer);
  view.setUint32(0, MAGIC);
  view.setUint8(4, REQUEST);
  view.setUint32(8, session);
  view.setUint32(12, round);
  return payload;
}

/** Undefined: it is none of ours. */
export function decodeProbe(payload: Uint8Array, family: 4 | 6): ProbePacket | undefined {
  if (payload.length < HEADER) return undefined;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  const kind = view.getUint8(4);
  if (view.getUint32(0) !== MAGIC || (kind !== REQUEST && kind !== ANSWER)) return undefined;
  return {
    kind: kind === REQUEST ? 'request' : 'answer',
    session: view.getUint32(8),
    round: view.getUint32(12),
    size: payload.length + HEADERS[family],
  };
}

/** The answer to a request: as large as that. */
export function answerTo(request: Uint8Array): Uint8Array {
  const answer = Uint8Array.from(request);
  answer[4] = ANSWER;
  return answer;
}
