import type { Clock, Log } from '../../base/index.ts';
import type { MalformedUpdates, SessionRecord, SessionState, SpeakerEvent } from '../api.ts';
import type { Negotiated, SessionHandler } from '../contract.ts';
import type { Transport } from '../transport/index.ts';
import type { UpdateScratch } from '../wire/index.ts';
import type { LocalSpeaker } from './local-speaker.ts';
import type { MessageCounters } from './message-counters.ts';

/** The environment that all sessions of a speaker share. */
export interface SessionEnvironment {
  readonly clock: Clock;
  readonly transport: Transport;
  readonly handler: SessionHandler;
  /** Asked for each OPEN, since a restart is over at some time. */
  readonly local: () => LocalSpeaker;
  /** Scratch for UPDATEs; one for the whole speaker. */
  readonly view: UpdateScratch;
  readonly log?: Log;
  /** In [0, 1), for jitter. */
  readonly random?: () => number;
  readonly onEvent?: (event: SpeakerEvent) => void;
  readonly onRecord?: (record: SessionRecord) => void;
}

/** The session's share of a `PeerStatus`. */
export interface SessionStatus {
  readonly state: SessionState;
  /** `Clock.wallTime` of the last change into or out of Established, or of the start. */
  readonly since: number;
  /** Milliseconds since then, whatever becomes of the wall clock. */
  readonly age: number;
  readonly reason?: string;
  readonly routerId?: number;
  readonly negotiated?: Negotiated;
  /** Names of the capabilities in the peer's OPEN. */
  readonly capabilities: readonly string[];
  readonly messages: Readonly<MessageCounters>;
  readonly malformed: Omit<MalformedUpdates, 'withdrawn'>;
  /** How often it fell out of Established. */
  readonly flaps: number;
}
