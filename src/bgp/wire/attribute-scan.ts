import type { Negotiated } from '../contract.ts';
import { type AttributeRow, FLAG, headerLength, lengthAllowed, valueEnd } from './attribute/row.ts';
import { ATTRIBUTE, attributeRow } from './attribute/table.ts';
import { UPDATE_ERROR } from './notification.ts';
import { addError, isWorthKeeping, type MalformedAction, type UpdateError, updateError } from './update-error.ts';

/** Where in a message the attributes that are to be kept lie, by type. Scratch, like everything around it. */
export class AttributeScan {
  readonly flags = new Uint8Array(256);
  readonly starts = new Int32Array(256);
  readonly ends = new Int32Array(256);
  /** 1 where an attribute of the type was there, good or bad. */
  readonly seen = new Uint8Array(256);
  /** 1 where it was good and is kept. */
  readonly kept = new Uint8Array(256);
  /** Types kept, ascending. */
  readonly order = new Uint8Array(256);
  count = 0;
  errors: UpdateError[] = [];
  /** The faults of NEXT_HOP, which count in messages with IPv4 NLRI only (RFC 4760 §3). */
  nextHopErrors: UpdateError[] = [];
  /** Whether there was nothing but MP_REACH and MP_UNREACH. */
  onlyMultiprotocol = true;
  /** Whether an error depends on more than the attributes that are neither: the result holds for this message alone. */
  uncacheable = false;

  /** Walks the attributes in `bytes[start … end)` and judges each by its row (RFC 7606 §3). */
  scan(bytes: Uint8Array, start: number, end: number, session: Negotiated): void {
    this.seen.fill(0);
    this.kept.fill(0);
    this.count = 0;
    this.errors = [];
    this.nextHopErrors = [];
    this.onlyMultiprotocol = true;
    this.uncacheable = false;
    let at = start;
    while (at < end) {
      const header = headerLength(bytes[at]);
      if (end - at < header) {
        this.#overrun(bytes, at, end, 'octets left over that are no attribute');
        return;
      }
      const next = valueEnd(bytes, at);
      if (next > end) {
        this.#overrun(bytes, at, end, 'attribute overruns the total attribute length');
        return;
      }
      this.#judge(bytes, at, at + header, next, session);
      at = next;
    }
  }

  #judge(bytes: Uint8Array, at: number, start: number, end: number, session: Negotiated): void {
    const flags = bytes[at];
    const type = bytes[at + 1];
    const multiprotocol = isMultiprotocol(type);
    if (!multiprotocol) this.onlyMultiprotocol = false;
    if (this.seen[type] === 1) {
      const action = multiprotocol ? 'reset' : 'discard';
      this.#fail(action, type, UPDATE_ERROR.MALFORMED_ATTRIBUTE_LIST, 'repeated', bytes, at, end);
      return;
    }
    this.seen[type] = 1;
    const row = attributeRow(type);
    if (row === undefined) {
      this.#judgeUnknown(bytes, at, start, end);
      return;
    }
    if (row.refuse !== undefined && refused(row, session)) {
      // Non-transitive attributes that mean nothing to us are dropped without a word (RFC 4271 §5).
      if (row.refuse !== 'all') {
        const from = row.refuse === 'ebgp' ? 'an external peer' : 'a four-octet speaker';
        this.#fail('discard', type, UPDATE_ERROR.OPTIONAL_ATTRIBUTE, `not accepted from ${from}`, bytes, at, end);
      }
      return;
    }
    const action = session.ibgp ? row.ibgp : row.ebgp;
    if ((flags & (FLAG.OPTIONAL | FLAG.TRANSITIVE)) !== row.flags) {
      const reason = `flags 0x${flags.toString(16)} contradict the type`;
      this.#fail(row.wrongFlags, type, UPDATE_ERROR.ATTRIBUTE_FLAGS, reason, bytes, at, end);
      return;
    }
    if (!lengthAllowed(row.length, end - start, session.fourOctetAs)) {
      this.#fail(action, type, UPDATE_ERROR.ATTRIBUTE_LENGTH, `${end - start} octets long`, bytes, at, end);
      return;
    }
    const problem = row.problem?.(bytes, start, end, session);
    if (problem !== undefined) this.#fail(action, type, row.subcode, problem, bytes, at, end);
    else this.#keep(type, flags, start, end);
  }

  #judgeUnknown(bytes: Uint8Array, at: number, start: number, end: number): void {
    const flags = bytes[at];
    if ((flags & FLAG.OPTIONAL) === 0) {
      const { UNRECOGNIZED_WELL_KNOWN } = UPDATE_ERROR;
      this.#fail('withdraw', bytes[at + 1], UNRECOGNIZED_WELL_KNOWN, 'unknown well-known attribute', bytes, at, end);
    } else if ((flags & FLAG.TRANSITIVE) !== 0) this.#keep(bytes[at + 1], flags, start, end);
  }

  #keep(type: number, flags: number, start: number, end: number): void {
    this.flags[type] = flags;
    this.starts[type] = start;
    this.ends[type] = end;
    this.kept[type] = 1;
    const { order } = this;
    let slot = this.count++;
    for (; slot > 0 && order[slot - 1] > type; slot--) order[slot] = order[slot - 1];
    order[slot] = type;
  }

  #overrun(bytes: Uint8Array, at: number, end: number, reason: string): void {
    const type = end - at >= 2 ? bytes[at + 1] : undefined;
    const action = type !== undefined && isMultiprotocol(type) ? 'reset' : 'withdraw';
    this.onlyMultiprotocol = false;
    this.uncacheable = true;
    addError(
      this.errors,
      updateError(action, type, UPDATE_ERROR.MALFORMED_ATTRIBUTE_LIST, reason, bytes.slice(at, end)),
    );
    if (type !== undefined) this.seen[type] = 1;
  }

  #fail(
    action: MalformedAction,
    type: number,
    subcode: number,
    problem: string,
    bytes: Uint8Array,
    at: number,
    end: number,
  ): void {
    if (isMultiprotocol(type)) this.uncacheable = true;
    const errors = type === ATTRIBUTE.NEXT_HOP ? this.nextHopErrors : this.errors;
    if (!isWorthKeeping(errors, action)) return;
    const name = attributeRow(type)?.name ?? `attribute ${type}`;
    const whole = bytes.slice(at, end);
    // RFC 4271 §6.3: these errors are answered with the attribute itself.
    const bare = subcode === UPDATE_ERROR.MALFORMED_ATTRIBUTE_LIST || subcode === UPDATE_ERROR.MALFORMED_AS_PATH;
    addError(errors, updateError(action, type, subcode, `${name}: ${problem}`, whole, bare ? undefined : whole));
  }
}

function isMultiprotocol(type: number): boolean {
  return type === ATTRIBUTE.MP_REACH || type === ATTRIBUTE.MP_UNREACH;
}

function refused(row: AttributeRow, session: Negotiated): boolean {
  if (row.refuse === 'ebgp') return !session.ibgp;
  return row.refuse === 'all' || session.fourOctetAs;
}
