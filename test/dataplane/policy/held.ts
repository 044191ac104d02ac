import { Entries } from '../../../src/base/index.ts';
import type { DesiredPolicy } from '../../../src/calc/desired/index.ts';
import { parseSelector } from '../../../src/model/index.ts';
import type { Action, Policy } from '../../../src/policy/form.ts';
import { policyKey } from '../../../src/policy/index.ts';

/** One policy for all, which does the same with every packet of either direction. */
export function policyThat(action: Action): Policy {
  const rule = { action, index: 0, match: { source: {}, destination: {} } };
  return {
    id: { kind: 'GlobalNetworkPolicy', name: 'all' },
    tier: 'default',
    order: 1,
    subject: parseSelector('all()'),
    rules: { ingress: [rule], egress: [rule] },
    hook: 'normal',
  };
}

const TIER = { name: 'default', order: 1_000_000, defaultAction: 'Deny' } as const;

/** What these interfaces are held to: that policy alone. */
export function heldTo(policy: Policy, interfaceNames: readonly string[]): DesiredPolicy {
  const key = policyKey(policy);
  const made = (direction: 'ingress' | 'egress') => ({
    direction,
    tiers: [{ tier: TIER, policies: [key] }],
    profiles: [],
  });
  return {
    endpoints: Entries.of(interfaceNames.map((name) => [name, { egress: 'out', ingress: 'in' }] as const)),
    classes: Entries.of([
      ['in', made('ingress')],
      ['out', made('egress')],
    ]),
    policies: Entries.of([[key, policy]]),
    profiles: Entries.of(),
    sets: Entries.of(),
    problems: [],
  };
}
