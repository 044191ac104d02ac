import * as z from 'zod';
import type { Selector } from '../../model/index.ts';
import { and, equals, not } from '../expression.ts';

/** Kubernetes' way to say which labels: pairs and expressions, all of which must hold; nothing in it selects all. */

const expression = z.strictObject({
  key: z.string().min(1),
  operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']),
  values: z.array(z.string()).nullish(),
});

export const labelSelector = z
  .strictObject({
    matchLabels: z.record(z.string(), z.string()).nullish(),
    matchExpressions: z.array(expression).nullish(),
  })
  .transform(({ matchLabels, matchExpressions }, context): Selector => {
    const pairs = Object.entries(matchLabels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
    const expressions = (matchExpressions ?? []).map((one, at) => {
      const selector = selectorOf(one);
      if (typeof selector !== 'string') return selector;
      context.addIssue({ code: 'custom', path: ['matchExpressions', at, 'values'], message: selector });
      return z.NEVER;
    });
    return and(...pairs.map(([key, value]) => equals(key, value)), ...expressions);
  });

/** The text tells what is wrong with it. `NotIn` and `DoesNotExist` hold for a key that is absent. */
function selectorOf({ key, operator, values }: z.output<typeof expression>): Selector | string {
  const given = new Set(values ?? []);
  switch (operator) {
    case 'Exists':
    case 'DoesNotExist': {
      if (given.size > 0) return `must be empty with ${operator}`;
      const has = { kind: 'has', label: key } as const;
      return operator === 'Exists' ? has : not(has);
    }
    case 'In':
    case 'NotIn':
      if (given.size === 0) return `must not be empty with ${operator}`;
      return { kind: operator === 'In' ? 'in' : 'not in', label: key, values: given };
  }
}
