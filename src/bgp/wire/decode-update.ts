import type { Negotiated } from '../contract.ts';
import { u16, valueStart } from './attribute/row.ts';
import { ATTRIBUTE, attributeRow } from './attribute/table.ts';
import { matchesBlock, readBlock } from './attribute-block.ts';
import { ignoreBogus } from './bogus-prefixes.ts';
import { HEADER_LENGTH } from './message.ts';
import { decodeMpReach, decodeMpUnreach, negotiatedFamily } from './multiprotocol.ts';
import { decodeNlri } from './nlri.ts';
import { UPDATE_ERROR } from './notification.ts';
import { NO_ERRORS, strongestError, type UpdateError, updateError } from './update-error.ts';
import type { BlockResult, NlriScratch, UpdateScratch } from './update-view.ts';

/**
 * Reads the UPDATE in `bytes[start … end)` (header included) into `view`:
 *
 *     +-----------------------------------------------------+
 *     |   Withdrawn Routes Length (2)                       |
 *     |   Withdrawn Routes                                  |
 *     |   Total Path Attribute Length (2)                   |
 *     |   Path Attributes                                   |
 *     |   Network Layer Reachability Information            |
 *     +-----------------------------------------------------+
 *
 * Returns what is wrong with it, weakest and strongest alike (`strongestError` picks the one that decides); the empty
 * list is shared. After a 'reset' the view is empty; after a 'withdraw' its announced prefixes count as withdrawn and
 * have no attributes. Framing has seen to it that there are 23 octets at least.
 */
export function decodeUpdate(
  bytes: Uint8Array,
  start: number,
  end: number,
  session: Negotiated,
  view: UpdateScratch,
): readonly UpdateError[] {
  view.clear();
  const withdrawn = start + HEADER_LENGTH + 2;
  const withdrawnEnd = withdrawn + u16(bytes, withdrawn - 2);
  if (withdrawnEnd + 2 > end) return reset(view, 'withdrawn routes overrun the message', bytes, start, end);
  const attributes = withdrawnEnd + 2;
  const attributesEnd = attributes + u16(bytes, withdrawnEnd);
  if (attributesEnd > end) return reset(view, 'path attributes overrun the message', bytes, start, end);

  const errors: UpdateError[] = [];
  const classic = session.families.includes('ipv4-unicast');
  const addPath = session.addPathReceive.includes('ipv4-unicast');
  readClassic(bytes, withdrawn, withdrawnEnd, classic, addPath, view.withdrawn4, 'withdrawn routes', errors);
  readClassic(bytes, attributesEnd, end, classic, addPath, view.announced4, 'NLRI', errors);
  const unused = !classic && (withdrawnEnd > withdrawn || end > attributesEnd);
  const endOfRib4 = withdrawnEnd === withdrawn && attributesEnd === attributes && attributesEnd === end;
  if (endOfRib4) {
    view.endOfRib = classic ? 'ipv4-unicast' : undefined;
    return errors.length === 0 ? NO_ERRORS : errors;
  }
  if (attributesEnd > attributes || view.announced4.count > 0) {
    readAttributes(bytes, attributes, attributesEnd, session, view, errors);
  }
  const bogus = ignoreBogusIn(view.announced4, errors);
  const mpBogus = ignoreBogusIn(view.mpAnnounced, errors);
  if (errors.length === 0) return NO_ERRORS;
  return conclude(view, errors, unused || bogus || mpBogus || namesForeignFamily(bytes, view, session));
}

/** Reads withdrawn routes or NLRI of IPv4; an error there leaves no choice but to reset (RFC 7606 §5.3). */
function readClassic(
  bytes: Uint8Array,
  start: number,
  end: number,
  negotiated: boolean,
  addPath: boolean,
  columns: NlriScratch,
  name: string,
  errors: UpdateError[],
): void {
  if (start === end) return;
  if (!decodeNlri(bytes, start, end, addPath, columns)) {
    const { INVALID_NETWORK_FIELD } = UPDATE_ERROR;
    errors.push(
      updateError('reset', undefined, INVALID_NETWORK_FIELD, `malformed prefix in ${name}`, bytes.slice(start, end)),
    );
  } else if (!negotiated) {
    columns.count = 0;
    const reason = `${name} of IPv4, which was not negotiated`;
    errors.push(updateError('discard', undefined, UPDATE_ERROR.OPTIONAL_ATTRIBUTE, reason, bytes.slice(start, end)));
  }
}

function readAttributes(
  bytes: Uint8Array,
  start: number,
  end: number,
  session: Negotiated,
  view: UpdateScratch,
  errors: UpdateError[],
): void {
  const { spans, block } = view;
  const result = matchesBlock(bytes, start, end, session, view) ? block : readBlock(bytes, start, end, session, view);
  for (const error of result.errors) errors.push(error);
  // Beside MP_* and without IPv4 NLRI, NEXT_HOP is to be ignored, whatever is in it (RFC 4760 §3). That depends on the
  // message, not on the block.
  const multiprotocol = spans.reach >= 0 || spans.unreach >= 0;
  if (view.announced4.count > 0 || !multiprotocol) for (const error of result.nextHopErrors) errors.push(error);
  let error: UpdateError | undefined;
  if (spans.reach >= 0) {
    error = decodeMpReach(bytes, spans.reach, spans.reachEnd, session, view);
    if (error !== undefined) errors.push(error);
  }
  if (spans.unreach >= 0) {
    error = decodeMpUnreach(bytes, spans.unreach, spans.unreachEnd, session, view);
    if (error !== undefined) errors.push(error);
    else if (isEndOfRib(bytes, start, end, view)) view.endOfRib = negotiatedFamily(bytes, spans.unreach, session);
  }
  view.attributesLength = result.canonicalLength;
  view.nextHop4 = result.nextHop4;
  if (view.announced4.count + view.mpAnnounced.count === 0) return;
  for (const type of missing(result, view)) errors.push(missingError(type, bytes, start, end));
}

/** Takes out prefixes that no host can be in, and notes it. True if there were any. */
function ignoreBogusIn(columns: NlriScratch, errors: UpdateError[]): boolean {
  const error = columns.count === 0 ? undefined : ignoreBogus(columns);
  if (error !== undefined) errors.push(error);
  return error !== undefined;
}

/** Whether an MP_* attribute speaks of a family that the session does not carry. */
function namesForeignFamily(bytes: Uint8Array, { spans }: UpdateScratch, session: Negotiated): boolean {
  const foreign = (at: number): boolean => at >= 0 && negotiatedFamily(bytes, at, session) === undefined;
  return foreign(spans.reach) || foreign(spans.unreach);
}

/** An End-of-RIB marker of any family but IPv4: nothing but an MP_UNREACH without prefixes (RFC 4724 §2). */
function isEndOfRib(bytes: Uint8Array, start: number, end: number, view: UpdateScratch): boolean {
  const alone = view.spans.unreach === valueStart(bytes, start) && view.spans.unreachEnd === end;
  return alone && view.mpWithdrawn.count === 0 && view.withdrawn4.count + view.announced4.count === 0;
}

/** Mandatory attributes that a message which announces something lacks (RFC 7606 §3 (d)). */
function missing(block: BlockResult, view: UpdateScratch): readonly number[] {
  if (block.hasOrigin && block.hasAsPath && (block.hasNextHop || view.announced4.count === 0)) return NONE;
  const types: number[] = [];
  if (!block.hasOrigin) types.push(ATTRIBUTE.ORIGIN);
  if (!block.hasAsPath) types.push(ATTRIBUTE.AS_PATH);
  if (!block.hasNextHop && view.announced4.count > 0) types.push(ATTRIBUTE.NEXT_HOP);
  return types;
}

const NONE: readonly number[] = [];

function missingError(type: number, bytes: Uint8Array, start: number, end: number): UpdateError {
  const reason = `${attributeRow(type)!.name} is missing`;
  const { MISSING_WELL_KNOWN } = UPDATE_ERROR;
  return updateError('withdraw', type, MISSING_WELL_KNOWN, reason, bytes.slice(start, end), Uint8Array.of(type));
}

/**
 * The strongest error decides; 'withdraw' without anything announced becomes 'reset' (RFC 7606 §5.2), unless there were
 * prefixes, which are of a family that was not negotiated (`unused`) or were ignored: then nothing of ours can be wrong.
 */
function conclude(view: UpdateScratch, errors: UpdateError[], unused: boolean): readonly UpdateError[] {
  const worst = strongestError(errors)!;
  if (worst.action === 'discard') return errors;
  const announced = view.announced4.count + view.mpAnnounced.count;
  if (worst.action === 'withdraw' && (announced > 0 || unused)) {
    view.treatAsWithdraw = true;
    view.attributesLength = 0;
    return errors;
  }
  view.clear();
  if (worst.action === 'reset') return errors;
  const reason = `${worst.reason}, and no prefixes that could be withdrawn`;
  return [...errors, { ...worst, action: 'reset', reason }];
}

function reset(
  view: UpdateScratch,
  reason: string,
  bytes: Uint8Array,
  start: number,
  end: number,
): readonly UpdateError[] {
  view.clear();
  const { MALFORMED_ATTRIBUTE_LIST } = UPDATE_ERROR;
  return [updateError('reset', undefined, MALFORMED_ATTRIBUTE_LIST, reason, bytes.slice(start, end))];
}
