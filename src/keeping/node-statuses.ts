import { isDeepStrictEqual } from 'node:util';
import { type Cancel, type Clock, type Log, RetryQueue, reasonOf } from '../base/index.ts';
import { type Store, type Update, UpdateConflict } from '../datastore/index.ts';
import type { CalicoNodeStatus } from '../model/index.ts';

/** Most CalicoNodeStatus objects of one node that are answered: each costs a look and a write in each period. */
const MOST = 100;

export interface NodeStatusesOptions {
  readonly nodename: string;
  readonly store: Pick<Store, 'get' | 'update'>;
  readonly clock: Clock;
  readonly log: Log;
  /** The classes that were asked for, answered; `agent`, `bgp` and `routes` of the object's status. */
  readonly report: (classes: readonly string[]) => Promise<Readonly<Record<string, unknown>>>;
  /** Answers the questions in an object's annotations, by annotations. */
  readonly annotate: (annotations: Annotations) => Promise<Annotations>;
}

type Annotations = Readonly<Record<string, string>>;

interface Asked {
  resource: CalicoNodeStatus;
  timer: Cancel | undefined;
}

/**
 * Answers the CalicoNodeStatus objects that ask about this node, as calico/node does: when one is made or asks otherwise,
 * and then in each of its periods, unless that is 0. Nothing is written where nothing has changed.
 */
export class NodeStatuses {
  readonly #options: NodeStatusesOptions;
  readonly #asked = new Map<string, Asked>();
  readonly #failing: RetryQueue<string>;
  #begun = false;
  #stopped = false;

  constructor(options: NodeStatusesOptions) {
    this.#options = options;
    this.#failing = new RetryQueue(options.clock, { first: 1000, max: 60_000 });
  }

  /** The node has something to tell from now on. */
  begin(): void {
    if (this.#begun || this.#stopped) return;
    this.#begun = true;
    for (const name of this.#asked.keys()) this.#now(name);
  }

  /** Takes in a syncer's batch. */
  apply(batch: readonly Update[]): void {
    for (const { key, resource } of batch) {
      if (key.kind === 'CalicoNodeStatus') this.#take(key.name, resource as CalicoNodeStatus | undefined);
    }
  }

  stop(): void {
    this.#stopped = true;
    for (const { timer } of this.#asked.values()) timer?.();
    this.#asked.clear();
    this.#failing.clear();
  }

  #take(name: string, resource: CalicoNodeStatus | undefined): void {
    const known = this.#asked.get(name);
    if (resource === undefined || resource.spec.node !== this.#options.nodename) {
      known?.timer?.();
      this.#failing.done(name);
      this.#asked.delete(name);
      return;
    }
    if (known === undefined && this.#asked.size >= MOST) {
      this.#options.log.warn({ name }, `no more than ${MOST} CalicoNodeStatus objects of a node are answered`);
      return;
    }
    const isOther = known === undefined || !isDeepStrictEqual(questionOf(known.resource), questionOf(resource));
    if (known === undefined) this.#asked.set(name, { resource, timer: undefined });
    else known.resource = resource;
    if (isOther && this.#begun) this.#now(name);
  }

  #now(name: string): void {
    const asked = this.#asked.get(name);
    if (asked === undefined || this.#stopped) return;
    asked.timer?.();
    const period = Number(asked.resource.spec.updatePeriodSeconds ?? 0) * 1000;
    asked.timer = period > 0 ? this.#options.clock.after(period, () => this.#now(name)) : undefined;
    void this.#write(name, asked);
  }

  async #write(name: string, asked: Asked): Promise<void> {
    const { store, report, annotate, clock, log } = this.#options;
    try {
      const { metadata, spec, status = {} } = asked.resource;
      const said = await report(spec.classes ?? []);
      const before = metadata.annotations ?? {};
      const annotations = { ...before, ...(await annotate(before)) };
      const { lastUpdated: _, ...told } = status as Readonly<Record<string, unknown>>;
      if (!isDeepStrictEqual([said, annotations], [told, before])) {
        const lastUpdated = new Date(clock.wallTime()).toISOString().replace(/\.\d+Z$/, 'Z');
        const answered = Object.keys(annotations).length === 0 ? metadata : { ...metadata, annotations };
        asked.resource = await store.update({
          ...asked.resource,
          metadata: answered,
          status: { ...said, lastUpdated },
        });
      }
      this.#failing.done(name);
    } catch (error) {
      if (this.#stopped) return;
      const attempts = this.#failing.failed(name, reasonOf(error), () => void this.#again(name, error));
      if (attempts === 1) log.warn({ name, reason: reasonOf(error) }, 'CalicoNodeStatus is not answered yet');
    }
  }

  /** After a conflict by what the store has now: the syncer may be about to tell of it, or may not. */
  async #again(name: string, error: unknown): Promise<void> {
    const asked = this.#asked.get(name);
    if (asked === undefined) return;
    if (error instanceof UpdateConflict) {
      const now = await this.#options.store.get({ kind: 'CalicoNodeStatus', name }).catch(() => undefined);
      if (now !== undefined) asked.resource = now;
    }
    await this.#write(name, asked);
  }
}

/** The parts of an object that make it a new question; our own answer does not. */
function questionOf({ metadata, spec }: CalicoNodeStatus): unknown {
  return [spec, metadata.annotations ?? {}];
}
