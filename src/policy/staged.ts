import { type Policy, policyIdText } from './form.ts';

/**
 * The policies as they would be if all that is staged were enforced: one that is set takes the place of its namesake, one
 * that is deleted takes it away. Undefined where nothing is staged.
 */
export function enforceStaged(policies: readonly Policy[]): readonly Policy[] | undefined {
  const staged = policies.filter((one) => one.staged === 'Set' || one.staged === 'Delete');
  if (staged.length === 0) return undefined;
  const replaced = new Set(staged.map(({ id }) => policyIdText(id)));
  const kept = policies.filter((one) => one.staged === undefined && !replaced.has(policyIdText(one.id)));
  const set = staged.filter((one) => one.staged === 'Set').map((one): Policy => ({ ...one, staged: undefined }));
  return [...kept, ...set];
}
