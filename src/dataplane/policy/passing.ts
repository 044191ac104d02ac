import type { Direction, Policy } from '../../policy/index.ts';

/** Whether who asks the policy has to reckon with Pass. */
export function canPass({ rules }: Policy, direction: Direction): boolean {
  return (rules[direction] ?? []).some(({ action }) => action === 'Pass');
}
