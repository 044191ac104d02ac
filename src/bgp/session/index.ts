/**
 * bgp/session: one peer, from the first dial to the last NOTIFICATION. No I/O of its own: sockets come through
 * `Transport`, time through `Clock`. With RFC 4271 §8 beside it:
 *
 *     PeerSession (peer-session.ts)     a peer as the speaker holds it: start, stop, accept, write, status
 *       └ Peer (peer.ts)                what its connections share: configuration, damping, news for the speaker
 *           └ PeerConnections           which of them survives (§6.8): ours, the peer's, and a newcomer's
 *               └ BgpConnection ×1–3    one TCP connection and its state machine
 *
 *     bytes ─► reader.ts ─► connection.ts ── events.ts ─► fsm.ts (pure: state, event, time → state, effects)
 *                              ▲    fsm-runner.ts, timekeeper.ts                         │
 *                              └───────────────────── effects.ts ◄───────────────────────┘
 *
 * Each state of the machine is a function in `fsm-connecting.ts` or `fsm-opened.ts`, whose rows `fsm.test.ts` holds cell by
 * cell; each event is fed by this room and each effect is carried out in `BgpConnection.perform`: no row is there for show.
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
export { PeerSession } from './peer-session.ts';
export type { SessionEnvironment, SessionStatus } from './session-environment.ts';
