/**
 * wire: bytes ⇄ messages, and nothing else. No sockets, no time, no session state: whatever an encoding depends on
 * (AS width, path identifiers, next hops) comes in as `Negotiated` or `UpdateEncoding`.
 *
 *     chunks ─► Framer ─► decodeOpen · decodeNotification · decodeRouteRefresh ─► values
 *                    └──► decodeUpdate ─► UpdateView ─► (canonical bytes) ─► AttributeSet
 *     values ─► encodeOpen · encodeNotification · encodeRouteRefresh · KEEPALIVE ─► bytes
 *     routes ─► encodeAnnouncements · encodeWithdrawals · encodeEndOfRib ─► Slab
 *
 * Wrong bytes never throw: decoders answer with the NOTIFICATION to send, and for UPDATEs with what RFC 7606 says to
 * do. `ATTRIBUTES` is the one table of path attributes (`attribute/table.ts`): by its rows they are judged, read, written and
 * edited, here and in the RIB (`AttributeSet`); a new one is a new row. UPDATEs are read by index from where
 * they lie into reusable columns, with no object per prefix or attribute, and the canonical bytes that routes are
 * interned by are the same for the same route, whichever session it came from.
 *
 * RFC 4271, 4760, 6793, 7606, 8654; capabilities 5492 and 9072, 2918, 4724, 5291 (tolerated), 7313, 7911, 8538, 8950,
 * 9234, 9494; NOTIFICATION 4486, 6608, 9003, 9384, 9687; communities 1997, 4360, 8092.
 */
export { asNumbers, countAsPath, firstAsOf, prepended, withoutPrivate } from './attribute/as-path.ts';
export { type AttributeRow, type LengthRule, u32, valueEnd, valueStart } from './attribute/row.ts';
export { ATTRIBUTE, ATTRIBUTES, attributeRow } from './attribute/table.ts';
export {
  type AsPathSegment,
  type AttributeValues,
  type LargeCommunity,
  ORIGIN,
  type Origin,
  type UnknownAttribute,
} from './attribute/values.ts';
export { AttributeSet } from './attribute-set.ts';
export {
  type AddPathMode,
  CAPABILITY_CODES,
  type Capability,
  decodeCapability,
  encodeCapability,
} from './capability.ts';
export { decodeUpdate } from './decode-update.ts';
export {
  encodeAnnouncements,
  encodeEndOfRib,
  encodeWithdrawals,
  type PrefixList,
  type PrefixSource,
  type UpdateEncoding,
  updateEncoding,
} from './encode-update.ts';
export {
  ADDRESS_FAMILIES,
  AFI,
  type AfiSafi,
  addressFamily,
  afiSafi,
  ipFamily,
  perFamily,
  SAFI_UNICAST,
  unicast,
} from './family.ts';
export { Framer, type Framing } from './framer.ts';
export { KEEPALIVE } from './keepalive.ts';
export { frame, HEADER_LENGTH, MAX_EXTENDED_MESSAGE, MAX_MESSAGE, MESSAGE, type MessageType } from './message.ts';
export * from './notification.ts';
export { AS_TRANS, decodeOpen, encodeOpen, type Open, type OpenResult } from './open.ts';
export {
  decodeRouteRefresh,
  encodeRouteRefresh,
  type RefreshSubtype,
  type RouteRefresh,
  type RouteRefreshResult,
} from './route-refresh.ts';
export { Slab } from './slab.ts';
export { type MalformedAction, NO_ERRORS, strongestError, type UpdateError } from './update-error.ts';
export { createUpdateView, type UpdateScratch } from './update-view.ts';
