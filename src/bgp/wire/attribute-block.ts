import type { Negotiated } from '../contract.ts';
import { headerLength, OPTIONAL_NON_TRANSITIVE, valueEnd } from './attribute/row.ts';
import { ATTRIBUTE } from './attribute/table.ts';
import { scannedNextHop, writeCanonical } from './canonical.ts';
import { UPDATE_ERROR } from './notification.ts';
import { updateError } from './update-error.ts';
import type { BlockResult, UpdateScratch } from './update-view.ts';

/**
 * Whether the attributes, MP_* aside, are those of the last block of the same session, byte for byte. Notes on the way
 * where the MP_* ones are; what it can't walk through is left to `readBlock`.
 */
export function matchesBlock(
  bytes: Uint8Array,
  start: number,
  end: number,
  session: Negotiated,
  view: UpdateScratch,
): boolean {
  const { block, spans } = view;
  spans.reach = -1;
  spans.unreach = -1;
  if (block.session !== session) return false;
  const { source, sourceLength } = block;
  let at = start;
  let cursor = 0;
  while (at < end) {
    const flags = bytes[at];
    const header = headerLength(flags);
    if (end - at < header) return false;
    const value = at + header;
    const next = valueEnd(bytes, at);
    if (next > end) return false;
    const type = bytes[at + 1];
    if (type === ATTRIBUTE.MP_REACH || type === ATTRIBUTE.MP_UNREACH) {
      const minimum = type === ATTRIBUTE.MP_REACH ? 5 : 3;
      const repeated = type === ATTRIBUTE.MP_REACH ? spans.reach >= 0 : spans.unreach >= 0;
      if (repeated || next - value < minimum || (flags & 0xc0) !== OPTIONAL_NON_TRANSITIVE) return false;
      note(spans, type, value, next);
    } else {
      if (cursor + next - at > sourceLength) return false;
      for (let from = at; from < next; from++) if (bytes[from] !== source[cursor++]) return false;
    }
    at = next;
  }
  return cursor === sourceLength;
}

/** Judges every attribute of a block that is new, and writes the canonical form. */
export function readBlock(
  bytes: Uint8Array,
  start: number,
  end: number,
  session: Negotiated,
  view: UpdateScratch,
): BlockResult {
  const { scan, spans } = view;
  view.reserveBlock(end - start);
  scan.scan(bytes, start, end, session);
  spans.reach = -1;
  spans.unreach = -1;
  for (const type of [ATTRIBUTE.MP_REACH, ATTRIBUTE.MP_UNREACH]) {
    if (scan.kept[type] === 1) note(spans, type, scan.starts[type], scan.ends[type]);
  }
  // Messages that only withdraw have no block; the one before is likely to come again.
  const target = scan.onlyMultiprotocol ? view.noBlock : view.block;
  target.session = session;
  target.errors = scan.errors;
  target.nextHopErrors = scan.nextHopErrors;
  target.hasOrigin = scan.seen[ATTRIBUTE.ORIGIN] === 1;
  target.hasAsPath = scan.seen[ATTRIBUTE.AS_PATH] === 1;
  target.hasNextHop = scan.seen[ATTRIBUTE.NEXT_HOP] === 1;
  target.nextHop4 = scannedNextHop(bytes, scan);
  target.canonicalLength = target === view.noBlock ? 0 : writeCanonical(bytes, scan, session, view.attributes);
  if (target.canonicalLength < 0) {
    const reason = 'AS_PATH: too long in four-octet form';
    target.errors = [
      ...scan.errors,
      updateError('withdraw', ATTRIBUTE.AS_PATH, UPDATE_ERROR.MALFORMED_AS_PATH, reason),
    ];
    target.canonicalLength = 0;
  }
  if (target === view.block) rememberSource(bytes, start, end, view);
  return target;
}

function rememberSource(bytes: Uint8Array, start: number, end: number, view: UpdateScratch): void {
  const { block } = view;
  // An error of an MP attribute belongs to this message alone.
  if (view.scan.uncacheable) {
    block.session = undefined;
    return;
  }
  let cursor = 0;
  let at = start;
  while (at < end) {
    const next = valueEnd(bytes, at);
    const type = bytes[at + 1];
    if (type !== ATTRIBUTE.MP_REACH && type !== ATTRIBUTE.MP_UNREACH) {
      for (let from = at; from < next; from++) block.source[cursor++] = bytes[from];
    }
    at = next;
  }
  block.sourceLength = cursor;
}

function note(spans: UpdateScratch['spans'], type: number, start: number, end: number): void {
  if (type === ATTRIBUTE.MP_REACH) {
    spans.reach = start;
    spans.reachEnd = end;
  } else {
    spans.unreach = start;
    spans.unreachEnd = end;
  }
}
