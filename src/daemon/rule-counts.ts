import type { CountedDrop } from '../control/index.ts';
import { countKey, type PolicyReconciler, policyTable } from '../dataplane/index.ts';
import type { Kernel } from '../netlink/index.ts';
import type { RuleSample } from '../observe/index.ts';
import { DropTotals } from './drop-totals.ts';

const FAMILIES = [4, 6] as const;
const RULE = /^(Allow|Pass|Log) rule (.+?) of (?:profile )?(.+)$/;

export interface RuleCountsOptions {
  readonly kernel: Pick<Kernel, 'ruleCounts'>;
  readonly policy: Pick<PolicyReconciler, 'counted'>;
  /** Those that drop count by their drops. */
  readonly drops: () => Promise<readonly CountedDrop[]>;
  /** The tier of an enforced policy, by its text. */
  readonly tierOf: (policy: string) => string | undefined;
}

/** How often each rule of each policy has decided, where rules count. */
export class RuleCounts {
  readonly #options: RuleCountsOptions;
  readonly #totals = new DropTotals();

  constructor(options: RuleCountsOptions) {
    this.#options = options;
  }

  /** By policy and rule, in their order, one look at the kernel for all. */
  async samples(): Promise<readonly RuleSample[]> {
    const { drops } = this.#options;
    const [denied, others] = await Promise.all([drops(), this.#counted()]);
    const all = [
      ...others,
      ...denied.flatMap(({ policy, rule, direction, packets, bytes }) =>
        policy === undefined || rule === undefined || direction === undefined
          ? []
          : [{ ...this.#labels(policy), rule, direction, verdict: 'deny' as const, packets, bytes }],
      ),
    ];
    const order = ({ policy, direction, rule }: RuleSample) => `${policy}\n${direction}\n${rule}`;
    return all.sort((a, b) => (order(a) < order(b) ? -1 : 1));
  }

  async #counted(): Promise<readonly RuleSample[]> {
    const { kernel, policy } = this.#options;
    const rules = policy.counted();
    const seen = new Set<string>();
    const families = await Promise.all(
      FAMILIES.map(async (family) => {
        const counts = await kernel.ruleCounts(policyTable(family));
        return counts.flatMap((count): RuleSample[] => {
          const rule = rules.get(countKey(count));
          const [, action, name, owner] = RULE.exec(rule?.why ?? '') ?? [];
          if (rule === undefined || owner === undefined) return [];
          const total = (what: 'packets' | 'bytes'): number => {
            const key = `${family} ${countKey(count)} ${what}`;
            seen.add(key);
            return this.#totals.of(key, count[what]);
          };
          const verdict = action.toLowerCase() as 'allow' | 'pass' | 'log';
          const sample = { ...this.#labels(owner), rule: name, direction: rule.direction, verdict };
          return [{ ...sample, packets: total('packets'), bytes: total('bytes') }];
        });
      }),
    );
    this.#totals.keep(seen);
    return families.flat();
  }

  #labels(policy: string): Pick<RuleSample, 'tier' | 'namespace' | 'policy'> {
    const slash = policy.lastIndexOf('/');
    const namespace = slash < 0 ? '' : policy.slice(policy.indexOf(' ') + 1, slash);
    return { tier: this.#options.tierOf(policy) ?? '', namespace, policy };
  }
}
