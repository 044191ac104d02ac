import { type Cancel, within } from '../../base/index.ts';
import type { Request } from '../../control/index.ts';
import { type AskingNodes, askNodes, type NodeAnswer } from '../ask-nodes.ts';

/** Nodes that are asked within a second, whatever is looked at: an answer costs the datastore three writes. */
const PACE = 10;
/** Nodes that are asked at once after a time of quiet. */
const AT_ONCE = 30;
/** Between two turns, in milliseconds. */
const TURN = 1000;
/** Milliseconds that an answer is good for: those who look at once with others cost the datastore nothing. */
const FRESH = 5000;
/** A question that nobody has looked at for so many milliseconds is forgotten, with the nodes that it still waits for. */
const FORGOTTEN = 60_000;
/** Milliseconds beyond the nodes' own time after which a look gets what is known so far. */
const GRACE = 1000;

/** A question that somebody looks at. */
interface Looked {
  readonly request: Request;
  seen: number;
  /** By node; an answer that is undefined did not come in time. */
  readonly answers: Map<string, { readonly at: number; readonly answer: NodeAnswer | undefined }>;
  /** Nodes that are still to be asked, the one that has waited longest first. */
  readonly waiting: Set<string>;
  /** Of each node that is to be asked, or is being asked: resolves with its answer. */
  readonly coming: Map<string, PromiseWithResolvers<void>>;
}

/**
 * Asks the nodes of a page again and again, a few in each second, so that what the datastore bears follows neither the number of nodes
 * nor that of those who look: where nodes are many, each is asked more seldom. Who looks gets what is known.
 */
export class NodesInTurn {
  readonly #asking: AskingNodes;
  readonly #looked = new Map<string, Looked>();
  readonly #asked = new Set<Promise<void>>();
  /** Nodes that may be asked now. */
  #free = AT_ONCE;
  #freeAt: number;
  #next: Cancel | undefined;
  #closed = false;

  constructor(asking: AskingNodes) {
    this.#asking = asking;
    this.#freeAt = asking.clock.now();
  }

  /** What these nodes answer; undefined of those that are silent. Nodes that were not asked yet are left out. */
  async of(request: Request, names: readonly string[]): Promise<ReadonlyMap<string, NodeAnswer | undefined>> {
    const { clock, patience } = this.#asking;
    const looked = this.#look(request);
    const coming = names.flatMap((name) => this.#want(looked, name) ?? []);
    this.#turn();
    await within(clock, patience + GRACE, Promise.all(coming));
    return new Map(
      names.flatMap((name) => {
        const known = looked.answers.get(name);
        return known === undefined ? [] : [[name, known.answer] as const];
      }),
    );
  }

  /** Seconds from one time that each of so many nodes is asked to the next, as it is now. */
  secondsFor(nodes: number): number {
    return Math.ceil((nodes / PACE) * Math.max(1, this.#looked.size));
  }

  /** Resolves when no question is left in the datastore. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#next?.();
    await Promise.allSettled(this.#asked);
  }

  #look(request: Request): Looked {
    const now = this.#asking.clock.now();
    const key = JSON.stringify(request);
    const known = this.#looked.get(key);
    const looked: Looked = known ?? {
      request,
      seen: now,
      answers: new Map(),
      waiting: new Set(),
      coming: new Map(),
    };
    looked.seen = now;
    this.#looked.set(key, looked);
    return looked;
  }

  /** The answer that is to come; undefined where there is a fresh one. */
  #want(looked: Looked, name: string): Promise<void> | undefined {
    const known = looked.answers.get(name);
    if (known !== undefined && this.#asking.clock.now() - known.at < FRESH) return undefined;
    const before = looked.coming.get(name);
    if (before !== undefined) return before.promise;
    const coming = Promise.withResolvers<void>();
    // Nobody may be waiting any more when it fails.
    coming.promise.catch(() => {});
    looked.coming.set(name, coming);
    looked.waiting.add(name);
    return coming.promise;
  }

  /** Asks as many nodes as may be asked now: of each question in turn, one. */
  #turn(): void {
    if (this.#closed || this.#next !== undefined) return;
    const { clock } = this.#asking;
    const now = clock.now();
    this.#free = Math.min(AT_ONCE, this.#free + ((now - this.#freeAt) / 1000) * PACE);
    this.#freeAt = now;
    this.#forget(now);
    const batches = new Map<Looked, string[]>();
    for (let open = this.#open(); open.length > 0 && this.#free >= 1; open = this.#open()) {
      for (const looked of open) {
        if (this.#free < 1) break;
        const [name] = looked.waiting;
        looked.waiting.delete(name);
        this.#free--;
        batches.set(looked, [...(batches.get(looked) ?? []), name]);
      }
    }
    for (const [looked, names] of batches) this.#ask(looked, names);
    if (this.#open().length === 0) return;
    this.#next = clock.after(TURN, () => {
      this.#next = undefined;
      this.#turn();
    });
  }

  /** Questions with nodes to be asked: what is asked for the first time comes before what is asked again. */
  #open(): readonly Looked[] {
    const open = [...this.#looked.values()].filter(({ waiting }) => waiting.size > 0);
    const first = open.filter(({ waiting, answers }) => [...waiting].some((name) => !answers.has(name)));
    return first.length > 0 ? first : open;
  }

  #ask(looked: Looked, names: readonly string[]): void {
    const end = (name: string, how: (coming: PromiseWithResolvers<void>) => void): void => {
      const coming = looked.coming.get(name);
      looked.coming.delete(name);
      if (coming !== undefined) how(coming);
    };
    const asked = askNodes(names, looked.request, this.#asking).then(
      (answers) => {
        const at = this.#asking.clock.now();
        for (const name of names) {
          looked.answers.set(name, { at, answer: answers.get(name) });
          end(name, ({ resolve }) => resolve());
        }
      },
      (error) => {
        for (const name of names) end(name, ({ reject }) => reject(error));
      },
    );
    this.#asked.add(asked);
    void asked.finally(() => this.#asked.delete(asked));
  }

  #forget(now: number): void {
    for (const [key, looked] of this.#looked) {
      if (now - looked.seen < FORGOTTEN) continue;
      for (const name of looked.waiting) looked.coming.get(name)?.resolve();
      this.#looked.delete(key);
    }
  }
}
