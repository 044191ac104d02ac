import type { Cancel, Clock } from '../../../base/index.ts';
import { peerName } from '../../peer-name.ts';
import type { RibPeer } from '../rib-peer.ts';

/** Milliseconds that a start waits for End-of-RIB of peers that are up and promised one. */
const END_OF_RIB_WAIT = 5000;

/** Whether the first tables are complete: of all peers, or of those that came in time (RFC 4724 §4.1). */
export class FirstTables {
  readonly #clock: Clock;
  readonly #complete: () => void;
  #settled = false;
  /** The peer that was found wanting last: mostly it still is, and the others need not be asked. */
  #wanting: RibPeer | undefined;
  /** Those that come after it: the ones before were not wanting when they were asked. */
  #others: Iterator<RibPeer> | undefined;
  #cancel: Cancel = () => {};

  /** `complete` is called once. */
  constructor(clock: Clock, complete: () => void) {
    this.#clock = clock;
    this.#complete = complete;
  }

  get settled(): boolean {
    return this.#settled;
  }

  start(): void {
    this.#cancel();
    this.#cancel = this.#clock.after(END_OF_RIB_WAIT, () => this.#settle());
  }

  stop(): void {
    this.#cancel();
  }

  /** Settled when all peers are up and none owes us the End-of-RIB that it promised; if not, time will tell. */
  check(peers: ReadonlyMap<string, RibPeer>): void {
    if (this.#settled || peers.size === 0) return;
    const wanting = this.#wanting;
    if (wanting && isWanting(wanting) && peers.get(peerName(wanting.config)) === wanting) return;
    this.#wanting = this.#nextWanting() ?? this.#firstWanting(peers);
    if (this.#wanting === undefined) this.#settle();
  }

  #firstWanting(peers: ReadonlyMap<string, RibPeer>): RibPeer | undefined {
    this.#others = peers.values();
    return this.#nextWanting();
  }

  #nextWanting(): RibPeer | undefined {
    for (let next = this.#others?.next(); next && !next.done; next = this.#others?.next()) {
      if (isWanting(next.value)) return next.value;
    }
    return undefined;
  }

  #settle(): void {
    if (this.#settled) return;
    this.#settled = true;
    // An iterator that is kept holds every table that the map has outgrown since.
    this.#others = undefined;
    this.#wanting = undefined;
    this.#cancel();
    this.#complete();
  }
}

/** Away, or without the End-of-RIB that it promised. */
function isWanting({ handle, owesEndOfRib }: RibPeer): boolean {
  return handle === undefined || owesEndOfRib;
}
