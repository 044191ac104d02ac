import type { ControlPacket } from '../../src/bfd/wire/index.ts';

/** A packet of a neighbour that wants 50 ms both ways. */
export function packet(other: Partial<ControlPacket> = {}): ControlPacket {
  return {
    kind: 'packet',
    diagnostic: 0,
    state: 'Down',
    poll: false,
    final: false,
    independent: false,
    demand: false,
    multiplier: 3,
    myDiscriminator: 7,
    yourDiscriminator: 0,
    desiredMinTx: 50_000,
    requiredMinRx: 50_000,
    requiredMinEchoRx: 0,
    ...other,
  };
}
