import type { Family } from '../../base/index.ts';
import { type FibInfo, ROUTE_DELETE, type RouteChanges } from '../../netlink/index.ts';
import type { RouteTable } from './route-table.ts';

interface SurplusRoute {
  readonly words: Uint32Array;
  readonly length: number;
  readonly info: FibInfo;
}

/**
 * Routes of ours or left by Calico beside the one that the table knows for the prefix: the kernel keeps one for each metric.
 * They go when the one that is wanted is there, so that packets always have a way.
 */
export class Surplus {
  readonly #table: RouteTable;
  #routes = new Map<string, SurplusRoute>();

  constructor(table: RouteTable) {
    this.#table = table;
  }

  /** Whether some may go now. */
  get isReady(): boolean {
    return this.#routes.size > 0 && !this.#table.holding && this.#ready().length > 0;
  }

  forget(): void {
    if (this.#routes.size > 0) this.#routes = new Map();
  }

  /** The words are copied. */
  add(source: Uint32Array, at: number, length: number, info: FibInfo): void {
    const words = source.slice(at, at + this.#table.prefixes.words);
    this.#routes.set(`${words.join('.')}/${length} ${info.kind} ${info.protocol} ${info.metric}`, {
      words,
      length,
      info,
    });
  }

  /** Deletions of those that may go now; undefined when there are none. */
  take(): RouteChanges | undefined {
    if (this.#routes.size === 0 || this.#table.holding) return undefined;
    const ready = this.#ready();
    if (ready.length === 0) return undefined;
    for (const [key] of ready) this.#routes.delete(key);
    return deletions(
      this.#table.family,
      ready.map(([, route]) => route),
    );
  }

  #ready(): [string, SurplusRoute][] {
    return [...this.#routes].filter(([, { words, length }]) => {
      const prefix = this.#table.prefixes.findAt(words, 0, length);
      return prefix < 0 || !this.#table.differs(prefix);
    });
  }
}

function deletions(family: Family, routes: readonly SurplusRoute[]): RouteChanges {
  const count = routes.length;
  const width = family === 4 ? 1 : 4;
  const addresses = new Uint32Array(count * width);
  for (const [entry, { words }] of routes.entries()) addresses.set(words, entry * width);
  return {
    family,
    count,
    addresses,
    lengths: Uint8Array.from(routes, ({ length }) => length),
    verbs: new Uint8Array(count).fill(ROUTE_DELETE),
    infoIndex: Uint32Array.from(routes, (_, entry) => entry),
    infos: routes.map(({ info }) => info),
  };
}
