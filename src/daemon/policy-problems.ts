import type { DesiredPolicy } from '../calc/index.ts';
import { keyText } from '../datastore/index.ts';
import type { ObjectProblem } from '../keeping/index.ts';
import type { KindName } from '../model/index.ts';
import type { HostInterfaceProblem } from '../policy/index.ts';

/** More of them help nobody at once. */
const MOST = 50;

/** The parts of policies that are not understood: object, field, and what holds instead. */
export function policyProblems(policy: Pick<DesiredPolicy, 'problems'> | undefined): ObjectProblem[] {
  const problems = policy?.problems ?? [];
  const told = problems.slice(0, MOST).map(({ policy: { kind, namespace, name }, field, reason }): ObjectProblem => {
    const about = { kind: kind as KindName, namespace, name };
    return { about, reason: 'NotUnderstood', message: `${keyText(about)} ${field}: ${reason}` };
  });
  const left = problems.length - told.length;
  const last = told.at(-1);
  if (left > 0 && last) told.push({ ...last, message: `${left} more fields of policies are not understood` });
  return told;
}

/** Host endpoints of this node that are on no interface, or not on all that they are for. */
export function hostEndpointProblems(problems: readonly HostInterfaceProblem[]): ObjectProblem[] {
  return problems.slice(0, MOST).map(({ endpoint, reason }): ObjectProblem => {
    const about = { kind: 'HostEndpoint', name: endpoint } as const;
    return { about, reason: 'NotInUse', message: `${keyText(about)}: ${reason}` };
  });
}
