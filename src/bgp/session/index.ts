/**
 * bgp/session: one peer's conversation, from the first dial to the last NOTIFICATION. No I/O of its own: sockets
 * come through `Transport`, time through `Clock`.
 *
 *     bytes ─► reader.ts ─► events.ts ─► fsm.ts (pure: state, event, time → state, effects) ─► effects.ts
 *                              ▲                                                                  │
 *                         machine.ts (timekeeper.ts) ◄──── conversation.ts: one connection ◄──────┘
 *                                                             ▲ judge (arbiter.ts), negotiate.ts, offer.ts
 *     peer.ts: one peer, from outside ──► peering.ts: what its conversations share ── received.ts ──► SessionHandler
 *
 * `PeerSession` is what a speaker holds per peer:
 *
 *     const peer = new PeerSession(config, { clock, transport, handler, local: () => ({ asn, routerId }), view });
 *     peer.start();                      // dials; `established` comes through the handler
 *     peer.accept(connection);           // for each connection that the listener took from this address
 *     peer.reconfigure(newConfig);       // 'same' | 'kept' (routes only) | 'reset'
 *     peer.stop({ kind: 'cease', subcode: CEASE.ADMINISTRATIVE_SHUTDOWN, text: 'maintenance' });
 *     peer.status;                       // state, since, reason, counters, flaps
 *
 * Both sides may dial: whatever the order of events, one connection survives (`collision.ts`). Errors hold off the
 * next attempt for longer and longer (`damping.ts`). What an OPEN says is worked out and encoded once for all peers that
 * are offered the same (`offer.ts`). Which routes outlive a session is for `graceful-restart.ts`.
 * RFC 4271 §6.8, §8; 4724; 5492; 6286; 6608; 8538; 9003; 9234; 9494; 9687.
 *
 * Invariants: the handler is called for one thing at a time and never from inside its own calls; between two
 * `established` there is one `closed`; after `closed` no `update` comes.
 */
export type { Farewell } from './farewell.ts';
export type { LocalSpeaker, Role } from './local-speaker.ts';
export { PeerSession } from './peer.ts';
export type { SessionEnvironment, SessionStatus } from './session-environment.ts';
