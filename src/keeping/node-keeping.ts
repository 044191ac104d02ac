import { isDeepStrictEqual } from 'node:util';
import type { Clock, Log } from '../base/index.ts';
import type { Update } from '../datastore/index.ts';
import type { Node } from '../model/index.ts';
import { Kept } from './kept.ts';

/** Addresses come and go in swarms while an interface is set up: one look serves them all. Milliseconds. */
const SETTLE = 1000;
/** Whatever is told to us or not, we look this often; it costs no request while all is right. Milliseconds. */
const PERIOD = 60_000;
/** Between two attempts at what somebody undoes each time. Milliseconds. */
const CONTESTED = 30_000;
const WHAT = "the node's address";

export interface NodeKeepingOptions {
  readonly nodename: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Compares what this node must say of itself with what the store says, and writes it if it isn't so. */
  readonly look: () => Promise<unknown>;
  /** Whether somebody undoes it again and again, so that we must not do it at once. */
  readonly isContested?: () => boolean;
}

/**
 * Keeps what this node says of itself in its Node: looks again when its links or addresses change, as calico/node does
 * where the address is `autodetect`; when the store's copy changes, since kubelet registers a Node that somebody has
 * deleted anew, without a word of ours; and from time to time. What is found goes into the Node, and from there to
 * tunnels and peers like any other news.
 */
export class NodeKeeping {
  readonly #options: NodeKeepingOptions;
  readonly #kept: Kept;
  /** The store's copy when it was looked at. */
  #seen: unknown;

  constructor(options: NodeKeepingOptions) {
    this.#options = options;
    const { clock, log, look } = options;
    this.#kept = new Kept({
      clock,
      log,
      look: (attempt) => attempt(WHAT, async () => void (await look())),
      period: PERIOD,
      retry: { first: 2000, max: 60_000 },
    });
  }

  /** The Nodes are known from now on. */
  begin(): void {
    this.#kept.begin();
  }

  /** Takes in a syncer's batch: the own Node matters, and of that what we write, not kubelet's heartbeats. */
  apply(batch: readonly Update[]): void {
    const own = batch.findLast(({ key }) => key.kind === 'Node' && key.name === this.#options.nodename);
    if (own === undefined) return;
    const saying = wordsOf(own.resource as Node | undefined);
    if (isDeepStrictEqual(saying, this.#seen)) return;
    this.#seen = saying;
    if (this.#options.isContested?.()) this.#kept.after(CONTESTED);
    else this.#kept.soon();
  }

  topologyChanged(): void {
    this.#kept.after(SETTLE);
  }

  /** Why the Node is not known to be right. */
  problems(): readonly string[] {
    return this.#kept.problems();
  }

  async stop(): Promise<void> {
    await this.#kept.stop();
  }
}

/** The parts of a Node that others go by. */
function wordsOf(node: Node | undefined): unknown {
  return node && { uid: node.metadata.uid, spec: node.spec };
}
