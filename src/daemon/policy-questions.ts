import type { Desired } from '../calc/index.ts';
import type { PolicyAnswers, PolicyAnswersOptions } from './policy-answers.ts';

/** The answers about policy: loaded with the first question, for most nodes are never asked. */
export function policyAnswers(options: PolicyAnswersOptions): () => Promise<PolicyAnswers> {
  let loaded: Promise<PolicyAnswers> | undefined;
  return () => {
    loaded ??= import('./policy-answers.ts').then(({ PolicyAnswers }) => new PolicyAnswers(options));
    return loaded;
  };
}

/** Keys of the classes that pods and host endpoints here are of. */
export function policyClasses({ policy }: Desired): readonly string[] {
  const keys = [...(policy?.endpoints.values() ?? [])].flatMap(({ egress, ingress }) => [egress, ingress]);
  return [...new Set([...keys, ...(policy?.hosts?.classes.keys() ?? [])])].sort();
}
