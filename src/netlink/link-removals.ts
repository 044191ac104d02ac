import type { NetlinkClient } from './client.ts';
import { encodeLinkDelete, encodeLinkGroup, encodeLinkGroupDelete } from './wire/link.ts';

/** One that nobody else uses, we hope; every process has its own. Links are in group 0 by birth. */
const GROUP = 0x7652_0000 + (process.pid & 0xffff);
const NO_GROUP = 0;

type Requests = Pick<NetlinkClient, 'request'>;

export interface LinkRemovalsOptions {
  readonly client: Requests;
  /** For requests that keep the kernel busy for milliseconds. */
  readonly patient: () => Requests;
}

interface Removal {
  readonly index: number;
  /** Begins the text of an error. */
  readonly what: string;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Ends links. Before it forgets one, the kernel waits some 15 ms for every processor, with the lock held that every
 * other request needs; it waits no longer for a hundred that go together. So what is asked for while it is busy is
 * put into a group, and the group goes in one request.
 */
export class LinkRemovals {
  readonly #options: LinkRemovalsOptions;
  #waiting: Removal[] = [];
  #busy = false;

  constructor(options: LinkRemovalsOptions) {
    this.#options = options;
  }

  remove(index: number, what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ index, what, resolve, reject });
      if (!this.#busy) void this.#work();
    });
  }

  /** Every removal is answered by its own promise: this one never rejects. */
  async #work(): Promise<void> {
    this.#busy = true;
    while (this.#waiting.length > 0) {
      const removals = this.#waiting.splice(0);
      if (removals.length === 1) await this.#one(removals[0]);
      else await this.#together(removals);
    }
    this.#busy = false;
  }

  async #one({ index, what, resolve, reject }: Removal): Promise<void> {
    await this.#options.patient().request(encodeLinkDelete(index), what).then(resolve, reject);
  }

  async #together(removals: readonly Removal[]): Promise<void> {
    const grouped: Removal[] = [];
    for (const removal of removals) {
      await this.#join(removal, GROUP).then(() => grouped.push(removal), removal.reject);
    }
    if (grouped.length === 0) return;
    try {
      await this.#options.patient().request(encodeLinkGroupDelete(GROUP), `link delete group ${GROUP}`);
    } catch {
      // One of them can't be ended, or is gone already: each hears for itself.
      for (const removal of grouped) {
        await this.#join(removal, NO_GROUP).catch(() => {});
        await this.#one(removal);
      }
      return;
    }
    for (const { resolve } of grouped) resolve();
  }

  #join({ index, what }: Removal, group: number): Promise<void> {
    return this.#options.client.request(encodeLinkGroup(index, group), what);
  }
}
