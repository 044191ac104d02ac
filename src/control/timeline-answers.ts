import * as z from 'zod';

const change = z.object({
  /** Stands in the log too, as `change`. */
  change: z.string(),
  op: z.enum(['add', 'del']),
  /** `namespace/name`. */
  pod: z.string(),
  containerId: z.string(),
  /** Milliseconds since 1970. */
  begun: z.number(),
  /** `at`: milliseconds since the request came. */
  steps: z.array(z.object({ what: z.string(), at: z.number(), about: z.string().optional() })),
  /** Absent while it is under way. */
  outcome: z.enum(['done', 'failed']).optional(),
  error: z.string().optional(),
});

/** The CNI requests of one pod that a node remembers, the oldest first; what it has now. */
export const timelineSchema = z.object({
  node: z.string(),
  changes: z.array(change),
  /** As CIDRs of one address each; none where the pod is not here now. */
  addresses: z.array(z.string()),
  /** Of this node, that those are of. */
  blocks: z.array(z.string()),
});
export type TimelineAnswer = z.infer<typeof timelineSchema>;
