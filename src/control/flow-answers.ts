import * as z from 'zod';

/** Answers about flows. */

const end = z.object({
  address: z.string(),
  /** `namespace/name` of a pod, or what else has the address. */
  name: z.string().optional(),
  port: z.number().optional(),
});

/** The verdict of policy on it, in one direction. */
const flowDecision = z.object({
  direction: z.enum(['ingress', 'egress']).optional(),
  allowed: z.boolean(),
  /** Whether this node is the one that decides. */
  isHere: z.boolean(),
  /** In words. */
  decidedBy: z.string(),
  tier: z.string().optional(),
  policy: z.string().optional(),
  /** Its name, or its number in the policy, from 0. */
  rule: z.string().optional(),
});

const flow = z.object({
  /** Counts up from the daemon's start of the log. */
  number: z.number(),
  /** Whether its window is over: nothing is added to it any more. */
  settled: z.boolean(),
  /** Milliseconds since 1970: of the first event, and of the last. */
  first: z.number(),
  last: z.number(),
  family: z.union([z.literal(4), z.literal(6)]),
  protocol: z.string(),
  source: end,
  destination: end,
  /** The original destination, where the kernel has put another in its place. */
  service: z.object({ address: z.string(), port: z.number().optional() }).optional(),
  icmp: z.object({ type: z.number(), code: z.number() }).optional(),
  verdict: z.enum(['FORWARDED', 'DENIED']),
  decisions: z.array(flowDecision),
  /** Connections that began and that ended meanwhile. */
  begun: z.number(),
  ended: z.number(),
  /** Of the connections that ended, from their beginning on; of what was denied, the packets that were told. */
  packets: z.number(),
  octets: z.number(),
  answeredPackets: z.number(),
  answeredOctets: z.number(),
});
export type FlowAnswer = z.infer<typeof flow>;
export type FlowDecision = z.infer<typeof flowDecision>;

export const flowsSchema = z.object({
  /** Where to go on: the last record that was looked at, and the last whose window was over then. */
  last: z.number(),
  settled: z.number(),
  /** Records that made room for others before they were asked for. */
  missed: z.number(),
  /** Events of the kernel that were lost since the log began. */
  lost: z.number(),
  /** Whether there may be older ones that were asked for, and had no place in the answer. */
  more: z.boolean().optional(),
  /** The gaps of the log, and why. */
  problems: z.array(z.string()),
  flows: z.array(flow),
});
export type FlowsAnswer = z.infer<typeof flowsSchema>;
