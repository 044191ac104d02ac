import { type Clock, type Log, Paced, reasonOf } from '../../base/index.ts';
import type { Kernel, RoutingRule } from '../../netlink/index.ts';
import { type Diversion, diversions, earlierRules } from './diversions.ts';
import { ROUTE_PROTOCOL } from './render.ts';

/** Milliseconds between looks that rules of others are the reason for. */
const PAUSE = 1000;
/** Tables that are read, at most. */
const MOST = 16;

/** Looks for rules of others that lead packets past our routes. They are told of, never touched. */
export class OtherTables {
  readonly #kernel: Pick<Kernel, 'ruleList' | 'routeColumns'>;
  readonly #log: Log;
  readonly #ranges: () => readonly string[];
  readonly #looks: Paced;
  #found: readonly Diversion[] = [];

  /** `ranges`: where pods have their addresses now. */
  constructor(
    options: { kernel: Pick<Kernel, 'ruleList' | 'routeColumns'>; clock: Clock; log: Log },
    ranges: () => readonly string[],
  ) {
    this.#kernel = options.kernel;
    this.#log = options.log;
    this.#ranges = ranges;
    this.#looks = new Paced(options.clock, PAUSE, () => void this.look());
  }

  /** As they were at the last look: what changes in a table itself is seen by the next full one. */
  get diversions(): readonly Diversion[] {
    return this.#found;
  }

  ruleChanged({ protocol }: RoutingRule): void {
    if (protocol !== ROUTE_PROTOCOL) this.#looks.ask();
  }

  async look(): Promise<void> {
    try {
      const found: Diversion[] = [];
      for (const family of [4, 6] as const) {
        for (const rule of earlierRules(await this.#kernel.ruleList(family)).slice(0, MOST)) {
          const table = await this.#kernel.routeColumns({ family, table: rule.table });
          found.push(...diversions(rule, table, this.#ranges()));
        }
      }
      this.#found = found;
    } catch (error) {
      this.#log.debug({ err: reasonOf(error) }, 'rules of others can not be read');
    }
  }

  stop(): void {
    this.#looks.stop();
  }
}
