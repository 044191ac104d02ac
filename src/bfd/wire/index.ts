/** bfd/wire: octets ⇄ Control packets, with the checks of RFC 5880 §6.8.6 that need no session. Pure. */
export {
  BFD_STATES,
  type BfdState,
  type ControlPacket,
  DIAGNOSTIC,
  decodeControlPacket,
  diagnosticText,
  encodeControlPacket,
} from './control-packet.ts';
