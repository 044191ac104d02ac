import type { Clock, Log } from '../../base/index.ts';
import type { MalformedAction, SpeakerEvent } from '../api.ts';
import type { UpdateView } from '../contract.ts';
import { strongestError, type UpdateError } from '../wire/index.ts';
import { prefixTexts } from './prefix-texts.ts';

/** Malformed UPDATEs that are logged one after another; further ones wait. */
const BURST = 5;
/** Milliseconds after which one more may be logged. */
const PACE = 10_000;
/** Prefixes named in a line of the log. */
const NAMED = 10;

/** The latest malformed UPDATE, for status. */
export interface Mistake {
  /** `Clock.wallTime`. */
  readonly at: number;
  readonly action: MalformedAction;
  readonly reason: string;
}

/**
 * The faults of one peer's UPDATEs, as status, log and events tell of them (RFC 7606 §6). All are counted; since a
 * peer may send any number of them, only some are logged.
 */
export class Malformed {
  readonly counts: Record<MalformedAction, number> = { discard: 0, withdraw: 0, reset: 0 };
  last: Mistake | undefined;
  readonly #peer: string;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #tell: ((event: SpeakerEvent) => void) | undefined;
  /** How many may be logged, as of when. */
  #allowed = BURST;
  #since: number;
  #unlogged = 0;

  constructor(peer: string, clock: Clock, log: Log, tell: ((event: SpeakerEvent) => void) | undefined) {
    this.#peer = peer;
    this.#clock = clock;
    this.#log = log;
    this.#tell = tell;
    this.#since = clock.now();
  }

  /** `message` is the whole UPDATE, valid during the call only, and `view` what was decoded of it. */
  heard(errors: readonly UpdateError[], message: Uint8Array, view: UpdateView): void {
    const worst = strongestError(errors)!;
    this.counts[worst.action]++;
    this.last = { at: this.#clock.wallTime(), action: worst.action, reason: worst.reason };
    if (this.#mayLog()) this.#write(worst, errors, message, view);
    else this.#unlogged++;
    if (this.#tell === undefined) return;
    // A copy, since events may be kept.
    const update = lazyHex(message.slice());
    for (const error of errors) this.#tell(eventOf(this.#peer, error, update));
  }

  #mayLog(): boolean {
    const earned = Math.floor((this.#clock.now() - this.#since) / PACE);
    if (earned > 0) {
      this.#allowed = Math.min(BURST, this.#allowed + earned);
      this.#since += earned * PACE;
    }
    if (this.#allowed === 0) return false;
    this.#allowed--;
    return true;
  }

  #write(worst: UpdateError, errors: readonly UpdateError[], message: Uint8Array, view: UpdateView): void {
    const { action, attribute } = worst;
    const others = errors.filter((error) => error !== worst).map(({ reason }) => reason);
    const fields = {
      action,
      ...(attribute !== undefined && { attribute }),
      prefixes: prefixTexts([view.announced4, view.mpAnnounced], NAMED),
      ...(others.length > 0 && { others }),
      update: hexOf(message),
      ...(this.#unlogged > 0 && { unlogged: this.#unlogged }),
    };
    this.#unlogged = 0;
    this.#log.warn(fields, `malformed UPDATE: ${worst.reason}: ${CONSEQUENCE[action]}`);
  }
}

const CONSEQUENCE: Readonly<Record<MalformedAction, string>> = {
  discard: 'dropped, the rest counts',
  withdraw: 'its routes are taken for withdrawn',
  reset: 'the session ends',
};

/** Hex costs more than reading the message did, so it is made for those who look. */
function eventOf(peer: string, error: UpdateError, update: () => string): SpeakerEvent {
  const { action, attribute, reason } = error;
  const bytes = lazyHex(error.bytes);
  return {
    kind: 'malformed',
    peer,
    action,
    ...(attribute !== undefined && { attribute }),
    reason,
    get bytes() {
      return bytes();
    },
    get update() {
      return update();
    },
  };
}

function lazyHex(bytes: Uint8Array): () => string {
  let text: string | undefined;
  return () => (text ??= hexOf(bytes));
}

function hexOf({ buffer, byteOffset, length }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, length).toString('hex');
}
