import { type Cancel, type Clock, type Log, Paced } from '../base/index.ts';
import type { TableEvent } from '../netlink/index.ts';
import type { Nft } from '../nftables/index.ts';

/** Milliseconds between looks: each starts a program for each table, and somebody may change ours again and again. */
const PAUSE = 500;
/** Milliseconds in which what belongs together has been told: `nft flush ruleset` is a message for each object. */
const GATHERING = 20;
/** How the names of all tables of ours begin. */
const OURS = 'vrouter-';

/**
 * Has tables looked at that somebody else has changed or removed. What we did ourselves is told by the kernel too, and
 * known by who did it.
 */
export class TableRepairs {
  readonly #nft: Pick<Nft, 'isOwn'>;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #paced: Paced;
  #suspects = new Set<string>();
  #all = false;
  #gathering: Cancel | undefined;

  /** `look` gets the tables' names as `family name`; undefined for all. */
  constructor(
    options: { nft: Pick<Nft, 'isOwn'>; clock: Clock; log: Log },
    look: (names?: ReadonlySet<string>) => void,
  ) {
    this.#nft = options.nft;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#paced = new Paced(options.clock, PAUSE, () => {
      const names = this.#all ? undefined : this.#suspects;
      this.#suspects = new Set();
      this.#all = false;
      look(names);
    });
  }

  observed({ table, port }: TableEvent): void {
    if (table === undefined) this.#all = true;
    else if (!table.name.startsWith(OURS) || this.#nft.isOwn(port)) return;
    else {
      const name = `${table.family} ${table.name}`;
      if (!this.#suspects.has(name)) this.#log.warn({ table: name }, 'somebody has changed a table of ours; looking');
      this.#suspects.add(name);
    }
    this.#gathering ??= this.#clock.after(GATHERING, () => {
      this.#gathering = undefined;
      this.#paced.ask();
    });
  }

  stop(): void {
    this.#gathering?.();
    this.#paced.stop();
  }
}
