import { pause } from './process.ts';
import { RawPeer } from './raw-peer.ts';

/** Where the daemon listens. */
export const DAEMON = '172.20.255.1';

/** One of the daemon's neighbours. */
export interface Neighbour {
  readonly address: string;
  readonly asn: number;
}

/** What peers can say about a daemon: what was measured, or how far it came. */
export interface Outcome {
  /** Of what the case measures; undefined when it took longer than it may. */
  readonly milliseconds?: number;
  /** More about it. */
  readonly detail?: string;
  /** Connections that were made and then lost. */
  readonly drops: number;
}

/** Peers that dial at once where that is not the point: BIRD and OpenBGPD listen with a backlog of 8 and of 5. */
const GENTLY = 4;

/** The daemon has not come far enough in the time that it has. */
export class TooSlow extends Error {}

/** The peers of a case, in one process with one clock. */
export class Swarm {
  readonly #holdTime: number;
  readonly #limit: number;
  readonly #began: () => void;
  readonly #peers: RawPeer[] = [];

  /** `limit` in seconds, for each thing that is awaited. `began` hears when what is measured begins. */
  constructor({ holdTime, limit }: { readonly holdTime: number; readonly limit: number }, began: () => void) {
    this.#holdTime = holdTime;
    this.#limit = limit * 1000;
    this.#began = began;
    const keepalives = (): void => {
      for (const peer of this.#peers) peer.keepalive();
    };
    setInterval(keepalives, (holdTime * 1000) / 3).unref();
  }

  peers(neighbours: readonly Neighbour[]): RawPeer[] {
    const made = neighbours.map(
      ({ address, asn }) => new RawPeer({ daemon: DAEMON, address, asn, holdTime: this.#holdTime }),
    );
    this.#peers.push(...made);
    return made;
  }

  /** Has all dial, so many at a time, and waits until all are up. */
  async up(peers: readonly RawPeer[], atOnce = GENTLY): Promise<void> {
    let dialled = 0;
    await this.reach(peers.length, 'sessions', () => {
      const up = peers.filter(({ isUp }) => isUp).length;
      while (dialled < peers.length && dialled - up < atOnce) peers[dialled++].dial();
      return up;
    });
  }

  /** What is measured begins; by the clock of `performance.now`. */
  begin(): number {
    this.#began();
    return performance.now();
  }

  /** Looks every so many milliseconds until `count` is as high as it should be. */
  async reach(goal: number, what: string, count: () => number, every = 2): Promise<void> {
    const end = performance.now() + this.#limit;
    for (;;) {
      await pause(every);
      const reached = count();
      if (reached >= goal) return;
      if (performance.now() > end) throw new TooSlow(`${reached} of ${goal} ${what}`);
    }
  }

  get drops(): number {
    return this.#peers.reduce((sum, { drops }) => sum + drops, 0);
  }

  /** Sessions that were up and then lost. */
  get flaps(): number {
    return this.#peers.reduce((sum, { flaps }) => sum + flaps, 0);
  }

  end(): void {
    for (const peer of this.#peers) peer.end();
  }
}
