import type { NetworkUnavailable } from '../store.ts';
import type { ApiRequest } from './client.ts';

/**
 * Tells the scheduler and `kubectl describe node` whether pods on the node have a network; other conditions stay, since
 * a strategic merge patch finds a condition by its type.
 */
export function conditionRequest(
  node: string,
  { status, reason, message }: NetworkUnavailable,
  now: string,
): ApiRequest {
  const condition = {
    type: 'NetworkUnavailable',
    status: status ? 'True' : 'False',
    reason,
    message,
    lastHeartbeatTime: now,
    lastTransitionTime: now,
  };
  return {
    method: 'PATCH',
    path: `/api/v1/nodes/${encodeURIComponent(node)}/status`,
    contentType: 'application/strategic-merge-patch+json',
    body: { status: { conditions: [condition] } },
  };
}
