import type { SessionEnds } from '../../src/bgp/api.ts';

/** A session of AS 65001 with 10.0.0.2 of AS 65002, as records of it name its ends. */
export const ENDS: SessionEnds = {
  peer: '10.0.0.2',
  peerAs: 65002,
  localAs: 65001,
  routerId: 0x0a000002,
  local: { address: '10.0.0.1', port: 179 },
  remote: { address: '10.0.0.2', port: 40000 },
  fourOctetAs: true,
};
