import * as z from 'zod';

/** Answers about policy. */

const lookedAt = z.object({
  /** Counted from 0 in the object that it comes from. */
  index: z.number(),
  name: z.string().optional(),
  action: z.string(),
  /** Why it did not decide; absent for the one that did. */
  because: z.string().optional(),
});

const decision = z.object({
  direction: z.enum(['ingress', 'egress']),
  allowed: z.boolean(),
  /** Whose policy it is; absent where the address is no pod's, and nobody is asked. */
  endpoint: z.string().optional(),
  /** Whether the pod is on the node that answers. */
  isHere: z.boolean(),
  /** The deciding rule, in words. */
  decidedBy: z.string(),
  tier: z.string().optional(),
  policy: z.string().optional(),
  rule: z.object({ index: z.number(), name: z.string().optional(), action: z.string() }).optional(),
  /** Every policy and profile that was asked, in order. */
  asked: z.array(z.object({ tier: z.string().optional(), policy: z.string(), rules: z.array(lookedAt) })),
});

const verdict = z.object({
  source: z.string(),
  destination: z.string(),
  protocol: z.string(),
  sourcePort: z.number().optional(),
  destinationPort: z.number().optional(),
  icmp: z.object({ type: z.number(), code: z.number() }).optional(),
  allowed: z.boolean(),
  egress: decision,
  ingress: decision,
  /** Where it comes from, for who sends one: told when it is asked for. */
  origin: z
    .object({
      /** `pod`: one of the node that answers; `node`: that node itself. */
      at: z.enum(['pod', 'node', 'elsewhere']),
      sourceAddress: z.string(),
      destinationAddress: z.string(),
      /** Path of the pod's network namespace; absent when it was not found. */
      namespace: z.string().optional(),
      /** Of a pod or node elsewhere, where that is known. */
      node: z.string().optional(),
    })
    .optional(),
  /** Its fate at the node that answers, where it is of the node itself or passes a host endpoint there. */
  host: decision
    .extend({
      path: z.string(),
      /** Absent: it passes between the node and a pod of its own. */
      interface: z.string().optional(),
      /** Where it was decided: `tracking`, `failsafe`, `untracked`, `pre-dnat`, `filter` … */
      hook: z.string(),
    })
    .optional(),
  /** The verdict of the answering node's kernel, read out of its tables. */
  kernel: z.object({
    /** Absent: it was not asked, and `words` says why. */
    agrees: z.boolean().optional(),
    words: z.string(),
  }),
});

export const whySchema = z.object({
  source: z.string(),
  destination: z.string(),
  allowed: z.boolean(),
  /** One for each IP version that both ends have. */
  verdicts: z.array(verdict),
});
export type WhyAnswer = z.infer<typeof whySchema>;
export type WhyVerdict = z.infer<typeof verdict>;
export type HostDecision = NonNullable<WhyVerdict['host']>;
export type WhyDecision = z.infer<typeof decision>;

const effectivePolicy = z.object({
  policy: z.string(),
  order: z.number().optional(),
  rules: z.array(
    z.object({
      index: z.number(),
      name: z.string().optional(),
      text: z.string(),
      shadowedBy: z.string().optional(),
      dead: z.string().optional(),
    }),
  ),
});
const effectiveDirection = z.object({
  direction: z.enum(['ingress', 'egress']),
  tiers: z.array(
    z.object({
      tier: z.string(),
      /** Absent: after all that have one. */
      order: z.number().optional(),
      defaultAction: z.string(),
      policies: z.array(effectivePolicy),
    }),
  ),
  profiles: z.array(effectivePolicy),
});
export const effectiveSchema = z.object({
  pod: z.string(),
  addresses: z.array(z.string()),
  directions: z.array(effectiveDirection),
});
export type EffectiveAnswer = z.infer<typeof effectiveSchema>;

export const verifySchema = z.object({
  endpoints: z.number(),
  /** Host endpoints of the node, each by the interfaces that it is on. */
  hosts: z.number().optional(),
  packets: z.number(),
  /** The first of them. */
  disagreements: z.array(z.string()),
  more: z.number(),
});
export type VerifyAnswer = z.infer<typeof verifySchema>;

const stagedFlow = z.object({
  source: z.string(),
  destination: z.string(),
  protocol: z.string(),
  destinationPort: z.number().optional(),
  /** Whether a first packet like its own is let through now, and would be if all that is staged were enforced. */
  now: z.boolean(),
  ifStaged: z.boolean(),
  /** The rule that would decide. */
  by: z.string(),
});
export type StagedFlow = z.infer<typeof stagedFlow>;

export const stagedSchema = z.object({
  /** Policies that are staged: none, and there is nothing to compare. */
  isStaged: z.boolean(),
  /** Connections of pods here that were looked at. */
  flows: z.number(),
  /** The first of those whose verdict would change. */
  changed: z.array(stagedFlow),
  more: z.number(),
});
export type StagedAnswer = z.infer<typeof stagedSchema>;

/** A judge's verdict on a flow, and the rule behind it. */
const word = z.object({
  allowed: z.boolean(),
  direction: z.enum(['ingress', 'egress']),
  /** In words. */
  decidedBy: z.string(),
  tier: z.string().optional(),
  policy: z.string().optional(),
  rule: z.string().optional(),
});
const changedFlow = z.object({
  source: z.string(),
  destination: z.string(),
  protocol: z.string(),
  destinationPort: z.number().optional(),
  before: word,
  after: word,
});
export type ChangedFlow = z.infer<typeof changedFlow>;

export const changesSchema = z.object({
  /** Connections of pods here that were looked at. */
  flows: z.number(),
  /** The first of those whose verdict would change. */
  changed: z.array(changedFlow),
  more: z.number(),
});
export type ChangesAnswer = z.infer<typeof changesSchema>;

/** Where a packet was dropped. What is known of it: of a rule all, of others just `why`. */
const dropPlace = z.object({
  why: z.string(),
  direction: z.enum(['ingress', 'egress']).optional(),
  tier: z.string().optional(),
  policy: z.string().optional(),
  rule: z.string().optional(),
});
export type DropPlace = z.infer<typeof dropPlace>;

export const countedDropsSchema = z.array(
  dropPlace.extend({ family: z.number(), packets: z.number(), bytes: z.number() }),
);
export type CountedDrop = z.infer<typeof countedDropsSchema>[number];

const end = z.object({ address: z.string(), name: z.string().optional(), port: z.number().optional() });
const dropped = dropPlace.extend({
  /** Milliseconds since 1970. */
  at: z.number(),
  source: end,
  destination: end,
  protocol: z.string(),
  icmp: z.object({ type: z.number(), code: z.number() }).optional(),
});
export type DroppedPacket = z.infer<typeof dropped>;

export const droppedSchema = z.object({
  /** To ask for those after these. */
  last: z.number(),
  /** How many were dropped and are not among these, because they were too many; -1: some, and nobody knows how many. */
  missed: z.number(),
  packets: z.array(dropped),
});
export type DroppedAnswer = z.infer<typeof droppedSchema>;
