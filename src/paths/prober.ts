import { LossWindow } from './loss-window.ts';
import { MtuSearch } from './mtu-search.ts';
import { decodeProbe, encodeProbe, SMALL } from './probe-packet.ts';

/** Rounds that loss is told of. */
const WINDOW = 60;

/** One way to another node: from an address of ours to one of its own. */
export interface PathWay {
  readonly node: string;
  /** Between the nodes' own addresses, or between those that they have in the pods' network. */
  readonly path: 'underlay' | 'overlay';
  readonly family: 4 | 6;
  readonly local: string;
  readonly remote: string;
}

/** A packet to be sent. */
export interface SentProbe {
  readonly way: PathWay;
  readonly payload: Uint8Array;
}

/** A way with its loss and its largest packet. */
export interface PathSample {
  readonly way: PathWay;
  /** Of the last 60 rounds, from 0 to 1. */
  readonly loss: number;
  /** Octets of the largest packet that got through whole; 0: not known. */
  readonly mtu: number;
}

/** The packets of the present round over one way. */
interface Sent {
  readonly at: number;
  /** Octets of the large packet; undefined: there was none. */
  readonly size: number | undefined;
  isAnswered: boolean;
  isLargeAnswered: boolean;
}

interface WayRecord {
  readonly way: PathWay;
  readonly window: LossWindow;
  search: MtuSearch | undefined;
  sent: Sent | undefined;
}

/** Decides about each round's packets, and judges by their answers. An answer that comes after its round is too late. */
export class Prober {
  readonly #session: number;
  /** By the two addresses. */
  readonly #records = new Map<string, WayRecord>();
  #round = 0;

  constructor(session: number) {
    this.#session = session;
  }

  /** Replaces the ways; one that stays keeps its records. */
  follow(ways: readonly PathWay[]): void {
    const before = new Map(this.#records);
    this.#records.clear();
    for (const way of ways) {
      const key = keyOf(way.local, way.remote);
      const known = before.get(key);
      const record =
        known?.way.node === way.node && known.way.path === way.path
          ? known
          : { way, window: new LossWindow(WINDOW), search: undefined, sent: undefined };
      this.#records.set(key, record);
    }
  }

  /**
   * Ends the round that was, and begins the next one: what to send. `mtu`: octets of the largest packet that pods send;
   * undefined: not known.
   */
  round(now: number, mtu: number | undefined): readonly SentProbe[] {
    this.#round = (this.#round + 1) >>> 0;
    return [...this.#records.values()].flatMap((record) => {
      judge(record);
      if (record.search?.wanted !== mtu) record.search = mtu === undefined ? undefined : new MtuSearch(mtu);
      const { way, search } = record;
      const size = search?.next();
      record.sent = { at: now, size, isAnswered: false, isLargeAnswered: false };
      const [session, round] = [this.#session, this.#round];
      const payloads = [SMALL, ...(size === undefined ? [] : [size])].map((octets) =>
        encodeProbe({ session, round, size: octets }, way.family),
      );
      return payloads.map((payload) => ({ way, payload }));
    });
  }

  /** Takes what came from `remote` to `local`; of a small packet's first answer it gives the way and its milliseconds. */
  answered(
    payload: Uint8Array,
    local: string,
    remote: string,
    now: number,
  ): { readonly way: PathWay; readonly roundTrip: number } | undefined {
    const record = this.#records.get(keyOf(local, remote));
    if (record?.sent === undefined) return undefined;
    const { way, sent } = record;
    const packet = decodeProbe(payload, way.family);
    if (packet?.kind !== 'answer' || packet.session !== this.#session || packet.round !== this.#round) return undefined;
    if (packet.size === sent.size) sent.isLargeAnswered = true;
    if (packet.size !== SMALL || sent.isAnswered) return undefined;
    sent.isAnswered = true;
    return { way, roundTrip: now - sent.at };
  }

  samples(): readonly PathSample[] {
    return [...this.#records.values()].map(({ way, window, search }) => {
      return { way, loss: window.ratio, mtu: search?.passed ?? 0 };
    });
  }

  get ways(): readonly PathWay[] {
    return [...this.#records.values()].map(({ way }) => way);
  }
}

/** A large packet's loss says something of its size only where the small one got through. */
function judge({ window, search, sent }: WayRecord): void {
  if (sent === undefined) return;
  window.note(!sent.isAnswered);
  if (search === undefined || sent.size === undefined) return;
  if (sent.isLargeAnswered || sent.isAnswered) search.heard(sent.size, !sent.isLargeAnswered);
}

function keyOf(local: string, remote: string): string {
  return `${local} ${remote}`;
}
