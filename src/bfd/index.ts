/**
 * bfd: whether a neighbour is still there, found out in tens of milliseconds (RFC 5880), one hop away (RFC 5881) or several
 * (RFC 5883).
 *
 *     node ── configure ─► ┌ thread ──────────────────────────────┐
 *          ◄── changes ─── │ sessions ── wire ── transport ─ UDP  │ ⇄ neighbours
 *                          └──────────────────────────────────────┘
 *
 * `BfdThread` is the door: say who is to be watched, and hear when that changes. It knows nothing of BGP. `wire/` and `session/`
 * are pure, `transport/` is all the I/O, and `thread/` runs them beside the node: a hundred sessions at 3 × 50 ms need
 * four thousand packets a second in time, and the main loop may well be busy for longer than a neighbour waits.
 *
 * Asynchronous mode only. A neighbour in Demand mode gets its silence; there is no Echo function, and packets with
 * authentication are discarded. A session that is ended on purpose says AdminDown, which no neighbour takes for a failure.
 */
export type { BfdAccount, BfdNeighbour, BfdTimers } from './session/index.ts';
export { type Bfd, BfdThread } from './thread/index.ts';
export { type BfdState, diagnosticText } from './wire/index.ts';
