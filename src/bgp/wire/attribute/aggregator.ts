import { UPDATE_ERROR } from '../notification.ts';
import { attribute, OPTIONAL_TRANSITIVE, u16, u32 } from './row.ts';

/** AS number and address of the router that formed an aggregate; the number has two octets from old speakers. */
export const AGGREGATOR_ROW = attribute(
  {
    type: 7,
    name: 'AGGREGATOR',
    flags: OPTIONAL_TRANSITIVE,
    length: { kind: 'exactly', octets: 8, oldSpeaker: 6 },
    ibgp: 'discard',
    ebgp: 'discard',
    subcode: UPDATE_ERROR.OPTIONAL_ATTRIBUTE,
    clause: 'RFC 7606 §7.7, RFC 7607',
    canonical: 'rewritten',
    problem: (bytes, start, end) =>
      (end - start === 6 ? u16(bytes, start) : u32(bytes, start)) === 0 ? 'AS number 0' : undefined,
  },
  'aggregator',
  {
    decode: (bytes, start) => ({ asn: u32(bytes, start), address: u32(bytes, start + 4) }),
    encode: ({ asn, address }, out) => void out.u32(asn).u32(address),
  },
);
