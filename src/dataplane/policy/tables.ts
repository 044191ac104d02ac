import { Entries, type Family } from '../../base/index.ts';
import type { DesiredPolicy } from '../../calc/desired/index.ts';
import { type FilterPart, type FilterTable, wordOf } from '../filter/index.ts';
import { PolicyParts } from './parts.ts';

const NAME = 'vrouter-policy';
const FAMILIES = [4, 6] as const;

const NO_PARTS = Entries.of<FilterPart>();

/** The table of each family, as policy goes on: what did not change is the same part as before. No policy: no table. */
export class PolicyTables {
  readonly #podPrefix: string;
  #parts: PolicyParts | undefined;

  constructor(podPrefix: string) {
    this.#podPrefix = podPrefix;
  }

  of(desired: DesiredPolicy | undefined): readonly FilterTable[] {
    if (desired === undefined) this.#parts = undefined;
    else (this.#parts ??= new PolicyParts(this.#podPrefix)).update(desired);
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
