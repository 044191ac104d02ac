import { formatAddress, parseAddress } from '../base/index.ts';
import type { Calculation } from '../calc/index.ts';
import type { AddressAnswer, ClusterAnswer, PolicyHitsAnswer } from '../control/index.ts';
import type { Keeping } from '../keeping/index.ts';
import type { RuleSample } from '../observe/index.ts';
import { addressAnswer, clusterAnswer } from '../page/index.ts';
import { policyIdText } from '../policy/index.ts';

export interface ClusterAnswersOptions {
  readonly calculation: Pick<Calculation, 'nodes' | 'pools' | 'world' | 'desired'>;
  readonly keeping: Pick<Keeping, 'blockFigures' | 'ipam'>;
  readonly countsAll: boolean;
  readonly rules: () => Promise<readonly RuleSample[]>;
}

/** Answers about the cluster: its address space, the holder of an address, the policies in force here. */
export class ClusterAnswers {
  readonly #options: ClusterAnswersOptions;

  constructor(options: ClusterAnswersOptions) {
    this.#options = options;
  }

  cluster(): ClusterAnswer {
    return clusterAnswer(this.#known());
  }

  /** `PARSE`: that is no address. `assignment` is read of the datastore, and missing while that is away. */
  async address(text: string): Promise<AddressAnswer> {
    const { calculation, keeping } = this.#options;
    const address = parseAddress(text);
    const endpoint = calculation.world().endpointsAt(address)[0]?.name;
    const owner = await keeping.ipam.getAssignmentAttributes(address).catch(() => undefined);
    return addressAnswer({ ...this.#known(), address, text: formatAddress(address), endpoint, owner });
  }

  async policyHits(): Promise<PolicyHitsAnswer> {
    const { calculation, countsAll, rules } = this.#options;
    const { policy } = calculation.desired();
    const endpoints = new Map<string, Set<string>>();
    const asks = (key: string, endpoint: string): void => {
      const classes = policy?.classes.get(key);
      for (const { policies } of classes?.tiers ?? [])
        for (const name of policies) endpoints.set(name, (endpoints.get(name) ?? new Set()).add(endpoint));
    };
    for (const [name, { egress, ingress }] of policy?.endpoints ?? []) {
      asks(egress, name);
      asks(ingress, name);
    }
    const held = [...(policy?.policies ?? [])].map(([key, { id, tier, order, rules }]) => ({
      policy: policyIdText(id),
      tier,
      ...(Number.isFinite(order) && { order }),
      endpoints: endpoints.get(key)?.size ?? 0,
      ingressRules: rules.ingress?.length ?? 0,
      egressRules: rules.egress?.length ?? 0,
    }));
    const last = Number.POSITIVE_INFINITY;
    held.sort((a, b) => {
      const byTier = a.tier < b.tier ? -1 : a.tier > b.tier ? 1 : 0;
      return byTier || (a.order ?? last) - (b.order ?? last) || (a.policy < b.policy ? -1 : 1);
    });
    const counted = (await rules()).map(({ namespace: _, ...rule }) => rule);
    return { policies: held, countsAll, rules: counted };
  }

  #known() {
    const { calculation, keeping } = this.#options;
    return { nodes: calculation.nodes, pools: calculation.pools, blocks: keeping.blockFigures() };
  }
}
