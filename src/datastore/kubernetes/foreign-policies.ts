import type { KubernetesClient } from './client.ts';

interface Answer {
  readonly items: readonly unknown[];
  readonly metadata: {
    /** How many come after these. */
    readonly remainingItemCount?: number;
  };
}

/** How many policies of Kubernetes' own there are: one is asked for, and the API server says how many more. */
export async function countPolicies(client: KubernetesClient): Promise<number> {
  const path = '/apis/networking.k8s.io/v1/networkpolicies';
  const { items, metadata } = await client.call<Answer>({ method: 'GET', path, query: { limit: '1' } });
  return items.length + (metadata.remainingItemCount ?? 0);
}
