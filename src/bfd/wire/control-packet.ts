import { ByteReader, ByteWriter } from '../../base/index.ts';

/** The states of RFC 5880 §4.1, in the order of their numbers. */
export const BFD_STATES = ['AdminDown', 'Down', 'Init', 'Up'] as const;
export type BfdState = (typeof BFD_STATES)[number];

/** Diagnostic codes (RFC 5880 §4.1) that we give ourselves. */
export const DIAGNOSTIC = { NONE: 0, TIME_EXPIRED: 1, NEIGHBOR_DOWN: 3, ADMIN_DOWN: 7 } as const;

const DIAGNOSTIC_TEXTS = [
  'no diagnostic',
  'control detection time expired',
  'echo function failed',
  'neighbor signaled session down',
  'forwarding plane reset',
  'path down',
  'concatenated path down',
  'administratively down',
  'reverse concatenated path down',
] as const;

export function diagnosticText(code: number): string {
  return DIAGNOSTIC_TEXTS[code] ?? `diagnostic ${code}`;
}

/** The mandatory section of a BFD Control packet (RFC 5880 §4.1). Intervals are in microseconds. */
export interface ControlPacket {
  readonly kind: 'packet';
  readonly diagnostic: number;
  readonly state: BfdState;
  readonly poll: boolean;
  readonly final: boolean;
  /** C: the sender's BFD does not share fate with its control plane. */
  readonly independent: boolean;
  readonly demand: boolean;
  readonly multiplier: number;
  readonly myDiscriminator: number;
  readonly yourDiscriminator: number;
  readonly desiredMinTx: number;
  readonly requiredMinRx: number;
  readonly requiredMinEchoRx: number;
}

/** A packet that RFC 5880 §6.8.6 has discarded before any session is looked for, and by which of its rows. */
export interface DiscardedPacket {
  readonly kind: 'discarded';
  readonly reason: string;
}

const VERSION = 1;
const LENGTH = 24;
const [POLL, FINAL, INDEPENDENT, AUTHENTICATED, DEMAND, MULTIPOINT] = [0x20, 0x10, 0x08, 0x04, 0x02, 0x01];
const MOST = 2 ** 32 - 1;

/** Reads the payload of a datagram; never throws. Octets beyond the packet's own length are none of it. */
export function decodeControlPacket(bytes: Uint8Array): ControlPacket | DiscardedPacket {
  if (bytes.length < LENGTH) return discarded(`${bytes.length} octets, a packet has at least ${LENGTH}`);
  const reader = new ByteReader(bytes);
  const first = reader.u8();
  const flags = reader.u8();
  const multiplier = reader.u8();
  const length = reader.u8();
  const [myDiscriminator, yourDiscriminator] = [reader.u32(), reader.u32()];
  if (first >> 5 !== VERSION) return discarded(`version ${first >> 5}`);
  if (length < LENGTH) return discarded(`a length of ${length}`);
  if (length > bytes.length) return discarded(`a length of ${length} in ${bytes.length} octets`);
  if (multiplier === 0) return discarded('a multiplier of 0');
  if (flags & MULTIPOINT) return discarded('the multipoint bit is set');
  if (myDiscriminator === 0) return discarded('My Discriminator is 0');
  const state = BFD_STATES[flags >> 6];
  if (yourDiscriminator === 0 && state !== 'Down' && state !== 'AdminDown')
    return discarded(`Your Discriminator is 0 in state ${state}`);
  // No session of ours uses authentication.
  if (flags & AUTHENTICATED) return discarded('it is authenticated');
  return {
    kind: 'packet',
    diagnostic: first & 0x1f,
    state,
    poll: (flags & POLL) !== 0,
    final: (flags & FINAL) !== 0,
    independent: (flags & INDEPENDENT) !== 0,
    demand: (flags & DEMAND) !== 0,
    multiplier,
    myDiscriminator,
    yourDiscriminator,
    desiredMinTx: reader.u32(),
    requiredMinRx: reader.u32(),
    requiredMinEchoRx: reader.u32(),
  };
}

/** The packet's 24 octets. Intervals are rounded, and cut to what 32 bits hold. */
export function encodeControlPacket(packet: ControlPacket): Uint8Array {
  const flags =
    (BFD_STATES.indexOf(packet.state) << 6) |
    (packet.poll ? POLL : 0) |
    (packet.final ? FINAL : 0) |
    (packet.independent ? INDEPENDENT : 0) |
    (packet.demand ? DEMAND : 0);
  const writer = new ByteWriter(LENGTH);
  writer
    .u8((VERSION << 5) | packet.diagnostic)
    .u8(flags)
    .u8(packet.multiplier)
    .u8(LENGTH);
  writer.u32(packet.myDiscriminator).u32(packet.yourDiscriminator);
  for (const interval of [packet.desiredMinTx, packet.requiredMinRx, packet.requiredMinEchoRx])
    writer.u32(Math.min(Math.round(interval), MOST));
  return writer.finish();
}

function discarded(reason: string): DiscardedPacket {
  return { kind: 'discarded', reason };
}
