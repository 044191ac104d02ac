import type { Problem } from '../form.ts';
import type { PolicyObject, PolicyReading } from './object.ts';

/**
 * The fate of connections that policy doesn't allow any more: `Keep`, as in Calico, or `Revoke`, for those of the
 * endpoints that this policy selects.
 */
export const LIVE_ANNOTATION = 'projectcalico.org/policyOnLiveConnections';

export function withLive(object: PolicyObject, reading: PolicyReading): PolicyReading {
  const given = object.metadata.annotations?.[LIVE_ANNOTATION];
  if (given === undefined || given === 'Keep') return reading;
  if (given === 'Revoke') {
    return { ...reading, policies: reading.policies.map((policy) => ({ ...policy, revokes: true as const })) };
  }
  const { kind, metadata } = object;
  const policy = reading.policies[0]?.id ?? { kind, namespace: metadata.namespace, name: metadata.name };
  const problem: Problem = {
    policy,
    field: `metadata.annotations.${LIVE_ANNOTATION}`,
    reason: `${JSON.stringify(given)} is neither Keep nor Revoke: connections that go on are kept`,
  };
  return { ...reading, problems: [...reading.problems, problem] };
}
