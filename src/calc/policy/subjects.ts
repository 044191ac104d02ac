import type { Entries } from '../../base/index.ts';
import type { Labels } from '../../model/index.ts';
import {
  comparePolicies,
  type Policy,
  policyKey,
  type Tier,
  type TierOfEndpoint,
  TierOrder,
} from '../../policy/index.ts';
import { LabelIndex, type Selection } from '../label-index.ts';
import type { PolicyRead } from './parts.ts';

/** The enforced policies of each of this node's endpoints, in the order in which they are asked. */
export class Subjects {
  readonly #index = new LabelIndex();
  readonly #policies = new Map<string, { readonly policy: Policy; readonly selection: Selection }>();
  /** By the selection's text. */
  readonly #for = new Map<string, Set<Policy>>();
  #order = new TierOrder([]);
  #seenPolicies: Entries<PolicyRead> | undefined;
  #seenTiers: Entries<Tier> | undefined;

  /** Takes in tiers and policies: whose answer may be another, and the keys of the policies that say something else. */
  run(tiers: Entries<Tier>, policies: Entries<PolicyRead>) {
    const endpoints = new Set<string>();
    const changed = new Set<string>();
    if (tiers !== this.#seenTiers) {
      this.#order = new TierOrder(tiers.values());
      for (const { selection } of this.#policies.values()) for (const id of selection.members) endpoints.add(id);
    }
    for (const [, now, before] of policies.since(this.#seenPolicies)) {
      const kept = new Map(enforced(now).map((policy) => [policyKey(policy), policy]));
      for (const policy of enforced(before)) {
        const key = policyKey(policy);
        changed.add(key);
        if (!kept.has(key)) this.#remove(key, endpoints);
      }
      for (const [key, policy] of kept) {
        changed.add(key);
        this.#put(key, policy, endpoints);
      }
    }
    this.#seenTiers = tiers;
    this.#seenPolicies = policies;
    return { endpoints, policies: changed };
  }

  /** The endpoint has these labels now; whether other policies are for it than before. */
  label(id: string, labels: Labels | undefined): boolean {
    const { started, stopped } = this.#index.label(id, labels);
    return started.length + stopped.length > 0;
  }

  policy(key: string): Policy | undefined {
    return this.#policies.get(key)?.policy;
  }

  /** The tiers in their order, each with the policies in theirs that are for the endpoint. */
  tiersOf(id: string): readonly TierOfEndpoint[] {
    const policies = [...this.#index.matching(id)].flatMap(({ text }) => [...(this.#for.get(text) ?? [])]);
    return [...Map.groupBy(policies, ({ tier }) => tier)]
      .map(([name, group]) => ({ tier: this.#order.tierOf(name), policies: group.sort(comparePolicies) }))
      .sort((a, b) => this.#order.compare(a.tier, b.tier));
  }

  #put(key: string, policy: Policy, endpoints: Set<string>): void {
    const before = this.#policies.get(key);
    const selection = this.#index.select(policy.subject);
    const isAskedAsBefore = before?.selection === selection && isAskedAlike(before.policy, policy);
    if (before !== undefined) this.#forget(before, isAskedAsBefore ? undefined : endpoints);
    this.#policies.set(key, { policy, selection });
    this.#for.set(selection.text, (this.#for.get(selection.text) ?? new Set()).add(policy));
    if (!isAskedAsBefore) for (const id of selection.members) endpoints.add(id);
  }

  #remove(key: string, endpoints: Set<string>): void {
    const before = this.#policies.get(key);
    if (before === undefined) return;
    this.#policies.delete(key);
    this.#forget(before, endpoints);
  }

  #forget({ policy, selection }: { policy: Policy; selection: Selection }, endpoints: Set<string> | undefined): void {
    if (endpoints !== undefined) for (const id of selection.members) endpoints.add(id);
    const others = this.#for.get(selection.text);
    others?.delete(policy);
    if (others?.size === 0) this.#for.delete(selection.text);
    this.#index.release(selection);
  }
}

function enforced(read: PolicyRead | undefined): readonly Policy[] {
  return (read?.policies ?? []).filter(({ staged }) => staged === undefined);
}

/** Whether endpoints ask both at the same place: all but what their rules say. */
function isAskedAlike(a: Policy, b: Policy): boolean {
  const asks = ({ rules }: Policy): string => `${rules.ingress !== undefined} ${rules.egress !== undefined}`;
  return a.tier === b.tier && a.order === b.order && a.hook === b.hook && asks(a) === asks(b);
}
