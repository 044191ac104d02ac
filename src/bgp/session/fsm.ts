import type { SessionState } from '../api.ts';
import type { SessionEvent } from './events.ts';
import { connecting, idle } from './fsm-connecting.ts';
import { established, openConfirm, openSent } from './fsm-opened.ts';
import { draftOf } from './timers.ts';
import { type Fsm, type FsmSettings, type Step, Transition } from './transition.ts';

/*
 * The finite state machine of RFC 4271 §8.2.2 for one connection, as a pure function: what the states before our
 * OPEN do is in `fsm-connecting.ts`, what those after it do in `fsm-opened.ts`. Where it departs from the letter: no
 * NOTIFICATION answers a NOTIFICATION; header errors are answered with their own code in every state; a dial that
 * fails leads to Active, so that a peer that is merely not up yet is tried again soon; unexpected messages are named
 * as RFC 6608 wants; a second OPEN on a connection is such a message, since collisions are the peer's business
 * (`peer-connections.ts`), which feeds only the OPENs of winners in here. HoldTimer restarts in Established at each
 * message, which is noted by an effect (`restart-hold`) in place of a new state.
 */

/** Tells what `event` does to a connection at time `now` (milliseconds of the clock). */
export function step(fsm: Fsm, event: SessionEvent, now: number, settings: FsmSettings): Step {
  if (event.kind !== 'timer') return HANDLERS[fsm.state](new Transition(fsm, now, settings), event);
  if (fsm.timers[event.name] === undefined) return { fsm, effects: [], reason: undefined };
  const timers = draftOf(fsm.timers);
  timers[event.name] = undefined;
  return HANDLERS[fsm.state](new Transition({ ...fsm, timers }, now, settings), event);
}

type Handler = (at: Transition, event: SessionEvent) => Step;

const HANDLERS: Readonly<Record<SessionState, Handler>> = {
  Idle: idle,
  Connect: connecting,
  Active: connecting,
  OpenSent: openSent,
  OpenConfirm: openConfirm,
  Established: established,
};
