import * as z from 'zod';
import type { Policy, Problem } from '../form.ts';

/** An object of any of the kinds that policy is made of, as it is stored: only its name is sure. */
export const policyObject = z.looseObject({
  apiVersion: z.string().optional(),
  kind: z.string(),
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string().optional(),
    labels: z.record(z.string(), z.string()).optional(),
    annotations: z.record(z.string(), z.string()).optional(),
  }),
  spec: z.unknown().optional(),
});

export type PolicyObject = z.output<typeof policyObject>;

/** The reading of an object, and the parts that were not understood. */
export interface PolicyReading {
  readonly policies: readonly Policy[];
  readonly problems: readonly Problem[];
}
