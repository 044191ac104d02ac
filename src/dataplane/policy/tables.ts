import { Entries, type Family, same } from '../../base/index.ts';
import { type DesiredPolicy, PLAIN_SETTINGS } from '../../calc/desired/index.ts';
import { type FilterPart, type FilterTable, wordOf } from '../filter/index.ts';
import type { HostParts, HostSurroundings } from './host-parts.ts';
import { PolicyParts } from './parts.ts';
import { STRETCHES, type Stretches } from './stretch.ts';

const NAME = 'vrouter-policy';
const FAMILIES = [4, 6] as const;

const NO_PARTS = Entries.of<FilterPart>();

/** The table of each family, as policy goes on: what did not change is the same part as before. No policy: no table. */
export class PolicyTables {
  readonly #podPrefix: string;
  readonly #sizes: Stretches;
  #parts: PolicyParts | undefined;

  /** `sizes`: which tiers are asked in stretches, and in which. */
  constructor(podPrefix: string, sizes: Stretches = STRETCHES) {
    this.#podPrefix = podPrefix;
    this.#sizes = sizes;
  }

  /** Host endpoints that are on no interface, or not on all that they are for. */
  get hostProblems(): HostParts['problems'] {
    return this.#parts?.hostProblems ?? [];
  }

  /**
   * `asked`: the families that pods here have addresses of. In the table of another there are the hooks alone, by which no pod
   * sends or gets anything; where host endpoints are, both are asked for.
   */
  of(
    desired: DesiredPolicy | undefined,
    surroundings?: HostSurroundings,
    asked: readonly Family[] = FAMILIES,
  ): readonly FilterTable[] {
    if (desired === undefined) this.#parts = undefined;
    else {
      const { settings = PLAIN_SETTINGS } = desired;
      const families = desired.hosts === undefined ? asked : FAMILIES;
      // All rules are written anew where one of these is another.
      if (!same(this.#parts?.settings, settings) || !same(this.#parts?.asked, families)) this.#parts = undefined;
      this.#parts ??= new PolicyParts(this.#podPrefix, settings, this.#sizes, families);
      this.#parts.update(desired, surroundings);
    }
    return FAMILIES.map((family) => ({
      what: `policy for IPv${family}`,
      table: policyTable(family),
      parts: this.#parts?.of(family) ?? NO_PARTS,
    }));
  }
}

export function policyTable(family: Family): FilterTable['table'] {
  return { family: wordOf(family), name: NAME };
}
