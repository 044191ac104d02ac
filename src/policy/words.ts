import { policyIdText, type Rule } from './form.ts';
import type { HostVerdict } from './host.ts';
import type { EndpointDecision, Reason, Verdict } from './verdict.ts';

/** Verdicts in words, for people. */

export function describeVerdict({ allowed, egress, ingress }: Verdict): string {
  const halves = [egress, ingress].filter(({ endpoint }) => endpoint !== undefined).map(describeDecision);
  return `${allowed ? 'allowed' : 'denied'}${halves.length === 0 ? ', no policy is asked' : ` (${halves.join('; ')})`}`;
}

export function describeDecision({ allowed, direction, endpoint, reason }: EndpointDecision): string {
  return `${direction} of ${endpoint} ${allowed ? 'allows' : 'denies'}: ${describeReason(reason)}`;
}

export function describeHostVerdict({ allowed, hook, decision }: HostVerdict): string {
  const why = decision === undefined ? hook : `${hook}: ${describeReason(decision.reason)}`;
  return `${allowed ? 'accepted' : 'dropped'} (${why})`;
}

export function describeReason(reason: Reason): string {
  switch (reason.kind) {
    case 'rule':
      return `${describeRule(reason.rule)} of ${policyIdText(reason.policy)} in tier ${reason.tier}`;
    case 'end of tier':
      return `end of tier ${reason.tier}, after ${policyIdText(reason.policy)}`;
    case 'profile':
      return `profile ${reason.profile}`;
    case 'missing profile':
      return `profile ${reason.profile} does not exist`;
    case 'end of profiles':
      return 'no profile allows it';
    case 'no policy':
      return 'no policy is asked';
  }
}

function describeRule({ action, index, name }: Rule): string {
  return `${action} rule ${name ?? index}`;
}
