import { addressBytes, ByteWriter, networkAddress } from '../../base/index.ts';
import { RTR_TYPE, type RtrPdu } from './pdu.ts';

const TYPES = {
  'serial-notify': RTR_TYPE.SERIAL_NOTIFY,
  'serial-query': RTR_TYPE.SERIAL_QUERY,
  'reset-query': RTR_TYPE.RESET_QUERY,
  'cache-response': RTR_TYPE.CACHE_RESPONSE,
  'end-of-data': RTR_TYPE.END_OF_DATA,
  'cache-reset': RTR_TYPE.CACHE_RESET,
  'error-report': RTR_TYPE.ERROR_REPORT,
} as const;

/** Writes one message: a router's queries and Error Reports, and what a cache says, for tests and for small caches. */
export function encodeRtr(pdu: Exclude<RtrPdu, { kind: 'router-key' }>): Uint8Array {
  const body = new ByteWriter();
  const type = pdu.kind === 'prefix' ? prefixType(pdu.payload.prefix.family) : TYPES[pdu.kind];
  let field = 'sessionId' in pdu ? pdu.sessionId : 0;
  switch (pdu.kind) {
    case 'serial-notify':
    case 'serial-query':
    case 'end-of-data':
      body.u32(pdu.serial);
      if (pdu.kind === 'end-of-data' && pdu.version === 1) {
        const { refresh = 3600, retry = 600, expire = 7200 } = pdu.intervals ?? {};
        body.u32(refresh).u32(retry).u32(expire);
      }
      break;
    case 'prefix': {
      const { prefix, maxLength, asn } = pdu.payload;
      body
        .u8(pdu.announce ? 1 : 0)
        .u8(prefix.length)
        .u8(maxLength)
        .u8(0);
      body.raw(addressBytes(networkAddress(prefix))).u32(asn);
      break;
    }
    case 'error-report': {
      field = pdu.code;
      const text = new TextEncoder().encode(pdu.text);
      body.u32(pdu.quoted.length).raw(pdu.quoted).u32(text.length).raw(text);
      break;
    }
  }
  const bytes = body.view();
  return new ByteWriter(8 + bytes.length)
    .u8(pdu.version)
    .u8(type)
    .u16(field)
    .u32(8 + bytes.length)
    .raw(bytes)
    .finish();
}

function prefixType(family: 4 | 6): number {
  return family === 4 ? RTR_TYPE.IPV4_PREFIX : RTR_TYPE.IPV6_PREFIX;
}
