import type { AddressFamily, SpeakerEvent } from 'bgp-speaker-ts';
import type { Cancel, Clock, Log } from '../base/index.ts';

/** How long to wait for a peer to come up at all, and for its End-of-RIB once it is up. Milliseconds. */
const COME_UP = 20_000;
const SPEAK = 5_000;

/**
 * After a restart, decides when what is left of the former run may be swept: once every configured peer has sent its
 * End-of-RIB for each family of its session, or has had its time. One dead node delays the sweep, and nothing but the
 * sweep.
 */
export class RestartHold {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #release: () => void;
  readonly #families: (peer: string) => readonly AddressFamily[];
  /** Families whose End-of-RIB a peer that is up still owes. */
  readonly #owed = new Map<string, Set<AddressFamily>>();
  readonly #waiting = new Map<string, Cancel>();
  readonly #settled = new Set<string>();
  #holding = false;

  /** `families`: those of the session with a peer that is up; by default any End-of-RIB is its last. */
  constructor(options: {
    clock: Clock;
    log: Log;
    release: () => void;
    families?: (peer: string) => readonly AddressFamily[];
  }) {
    this.#clock = options.clock;
    this.#log = options.log;
    this.#release = options.release;
    this.#families = options.families ?? (() => []);
  }

  get holding(): boolean {
    return this.#holding;
  }

  begin(): void {
    this.#holding = true;
  }

  /** The peers there are. Those that are gone are no longer waited for. */
  expect(peers: readonly string[]): void {
    if (!this.#holding) return;
    const expected = new Set(peers);
    for (const peer of this.#waiting.keys()) if (!expected.has(peer)) this.#settle(peer);
    for (const peer of peers) {
      if (!this.#waiting.has(peer) && !this.#settled.has(peer)) this.#wait(peer, COME_UP);
    }
    this.#check();
  }

  heard(event: SpeakerEvent): void {
    if (!this.#holding || event.kind === 'settled' || !this.#waiting.has(event.peer)) return;
    if (event.kind === 'end-of-rib') this.#told(event.peer, event.family);
    else if (event.kind === 'state' && event.to === 'Established') {
      this.#owed.set(event.peer, new Set(this.#families(event.peer)));
      this.#wait(event.peer, SPEAK);
    }
    this.#check();
  }

  #told(peer: string, family: AddressFamily): void {
    const owed = this.#owed.get(peer);
    owed?.delete(family);
    if (owed === undefined || owed.size === 0) this.#settle(peer);
  }

  stop(): void {
    for (const cancel of this.#waiting.values()) cancel();
    this.#waiting.clear();
  }

  #wait(peer: string, time: number): void {
    this.#waiting.get(peer)?.();
    this.#waiting.set(
      peer,
      this.#clock.after(time, () => {
        this.#log.info({ peer, waited: time }, 'no End-of-RIB from a peer in time; going on without it');
        this.#settle(peer);
        this.#check();
      }),
    );
  }

  #settle(peer: string): void {
    this.#waiting.get(peer)?.();
    this.#waiting.delete(peer);
    this.#owed.delete(peer);
    this.#settled.add(peer);
  }

  #check(): void {
    if (!this.#holding || this.#waiting.size > 0) return;
    this.#holding = false;
    this.#log.info({}, 'restart is over: routes that nobody wants any more are removed');
    this.#release();
  }
}
