import type { Cancel, Clock } from '../../base/index.ts';
import type { Connection } from '../transport/index.ts';
import { Framer, type Notification } from '../wire/index.ts';

/** Milliseconds of one peer's messages before others get their turn. */
const TURN = 3;
/** Octets between two looks at the clock. */
const STRIDE = 4096;

/** Takes the messages of one connection. */
export interface MessageReceiver {
  /** Whether no message can be taken now; `MessageReader.read` is called when one can. */
  readonly busy: boolean;
  /** A whole message, valid during the call. False when nothing behind it may be read before `MessageReader.retry`. */
  message(framer: Framer): boolean;
  /** Called when the bytes are no message. */
  malformed(error: Notification): void;
}

/**
 * Reads one TCP connection: bytes become messages. A peer that sends faster than its messages can be worked off has its
 * turn with all others, and is not read from in between, nor while a message is held: that TCP tells it to wait.
 */
export class MessageReader {
  readonly framer = new Framer();
  /** When the bytes that are being read came, in `Clock.now` milliseconds. */
  receivedAt = 0;
  readonly #tcp: Connection;
  readonly #receiver: MessageReceiver;
  readonly #clock: Clock;
  #reading = false;
  #held = false;
  #stopped = false;
  /** The next turn, when messages wait for it. */
  #cancelTurn: Cancel | undefined;
  #paused = false;

  constructor(tcp: Connection, receiver: MessageReceiver, clock: Clock) {
    this.#tcp = tcp;
    this.#receiver = receiver;
    this.#clock = clock;
  }

  take(chunk: Uint8Array): void {
    this.receivedAt = this.#clock.now();
    this.framer.push(chunk);
    this.read();
  }

  /** The connection is given up: nothing more is read. */
  stop(): void {
    this.#stopped = true;
    this.#cancelTurn?.();
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** Another attempt with the message that is held. `attempt` answers as `MessageReceiver.message` does. */
  retry(attempt: () => boolean): void {
    if (!this.#held || this.#reading) return;
    this.#reading = true;
    this.#held = !attempt();
    this.#reading = false;
    if (!this.#held) this.read();
  }

  /** Reads what is there, if it may. */
  read(): void {
    if (this.#reading || this.#held || this.#cancelTurn || this.#receiver.busy) return;
    this.#reading = true;
    this.#readMessages();
    this.#reading = false;
    this.#pause(this.#cancelTurn !== undefined || this.#held);
  }

  /** A connection that is given up is nothing to us any more. */
  #pause(paused: boolean): void {
    if (paused === this.#paused || this.#stopped) return;
    this.#paused = paused;
    if (paused) this.#tcp.pause?.();
    else this.#tcp.resume?.();
  }

  #readMessages(): void {
    const { framer } = this;
    const end = this.#clock.now() + TURN;
    let octets = 0;
    while (!this.#stopped && !this.#held) {
      if (octets >= STRIDE) {
        octets = 0;
        if (this.#clock.now() >= end) {
          this.#readLater();
          return;
        }
      }
      const framing = framer.next();
      if (framing === 'incomplete') return;
      if (framing === 'malformed') {
        this.#receiver.malformed(framer.error!);
        return;
      }
      octets += framer.end - framer.start;
      this.#held = !this.#receiver.message(framer);
    }
  }

  #readLater(): void {
    this.#cancelTurn = this.#clock.soon(() => {
      this.#cancelTurn = undefined;
      this.read();
    });
  }
}
