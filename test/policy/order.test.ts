import t from 'tap';
import type { Policy, PolicyId, Tier } from '../../src/policy/form.ts';
import { comparePolicies, compareTiers } from '../../src/policy/order.ts';

const policy = (order: number, id: PolicyId): Policy => ({
  id,
  order,
  tier: 'default',
  subject: { kind: 'all' },
  rules: {},
  hook: 'normal',
});

t.test('policies come by order, then by name, namespace and kind', async (t) => {
  const inOrder = [
    policy(-1.5, { kind: 'NetworkPolicy', namespace: 'z', name: 'z' }),
    policy(0, { kind: 'GlobalNetworkPolicy', name: 'z' }),
    policy(1000, { kind: 'GlobalNetworkPolicy', name: 'same' }),
    policy(1000, { kind: 'KubernetesNetworkPolicy', namespace: 'red', name: 'same' }),
    policy(1000, { kind: 'NetworkPolicy', namespace: 'red', name: 'same' }),
    policy(Number.POSITIVE_INFINITY, { kind: 'GlobalNetworkPolicy', name: 'a' }),
    policy(Number.POSITIVE_INFINITY, { kind: 'GlobalNetworkPolicy', name: 'b' }),
  ];
  t.same([...inOrder].reverse().sort(comparePolicies), inOrder);
});

t.test('tiers come by order, those without one last, then by name', async (t) => {
  const tier = (name: string, order: number): Tier => ({ name, order, defaultAction: 'Deny' });
  const inOrder = [tier('z', 1), tier('a', 2), tier('b', 2), tier('a', Number.POSITIVE_INFINITY)];
  t.same([...inOrder].reverse().sort(compareTiers), inOrder);
});
