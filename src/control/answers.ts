import * as z from 'zod';

export type { BgpNeighbour, BgpPeersAnswer, BgpRoute, BgpRouteAnswer } from './bgp-answers.ts';
/**
 * The answers of the daemon, for clients: a door of its own, since the daemon itself needs its types alone, and each
 * schema costs memory for as long as a process lives. Answers about BGP are in `bgp-answers.ts`,
 * about policy in `policy-answers.ts`, about flows in `flow-answers.ts`, about the cluster in `cluster-answers.ts`.
 */
export { bgpPeersSchema, bgpRouteSchema, bgpRoutesSchema } from './bgp-answers.ts';
export type { AddressAnswer, ClusterAnswer, PolicyHitsAnswer } from './cluster-answers.ts';
export { type FlowAnswer, type FlowsAnswer, flowsSchema } from './flow-answers.ts';
export { type LedgerAnswer, ledgerSchema } from './ledger-answers.ts';
export type { CountedDrop, DroppedAnswer, DroppedPacket } from './policy-answers.ts';
export {
  changesSchema,
  countedDropsSchema,
  droppedSchema,
  effectiveSchema,
  stagedSchema,
  verifySchema,
  whySchema,
} from './policy-answers.ts';
export { type TimelineAnswer, timelineSchema } from './timeline-answers.ts';

const peer = z.object({
  address: z.string(),
  family: z.union([z.literal(4), z.literal(6)]),
  /** As `calicoctl node status` prints it: `node-to-node mesh`, `global`, `node specific`, `local workload`. */
  type: z.string(),
  /** BIRD's word for it: `up`, `start`, `down`. */
  state: z.string(),
  /** Milliseconds since 1970. */
  since: z.number(),
  /** The BGP state; absent where an older daemon answers. */
  session: z.string().optional(),
  /** For people: the BGP state, with what is known about why it is not Established. */
  info: z.string(),
  remoteAs: z.number(),
  received: z.number(),
  accepted: z.number(),
  advertised: z.number(),
  /** How BFD watches it, where that was asked for. Milliseconds. */
  bfd: z
    .object({
      state: z.string().optional(),
      reason: z.string().optional(),
      detectionTime: z.number().optional(),
      downs: z.number(),
    })
    .optional(),
  /** Sessions that were Established and are no more. */
  flaps: z.number().optional(),
  /** The error that ended its session the last time, or kept it from coming up. `at`: milliseconds since 1970. */
  lastError: z.object({ reason: z.string(), at: z.number() }).optional(),
  /**
   * Malformed UPDATEs of the peer by what was done about them (RFC 7606), and what is withdrawn because of them now.
   */
  malformed: z
    .object({
      discard: z.number(),
      withdraw: z.number(),
      reset: z.number(),
      /** `at`: milliseconds since 1970. */
      last: z.object({ at: z.number(), action: z.string(), reason: z.string() }).optional(),
      withdrawn: z.object({ count: z.number(), prefixes: z.array(z.string()).readonly() }),
    })
    .optional(),
});

export const nodeStatusSchema = z.object({
  nodename: z.string(),
  version: z.string(),
  pid: z.number(),
  startedAt: z.number(),
  ready: z.boolean(),
  /** Whether pods are served: a node may do that before its peers are up. */
  serving: z.boolean().optional(),
  /** The faults that keep the node from being ready, or degrade it: sentences. */
  problems: z.array(z.string()),
  /** The same with since when (milliseconds since 1970), and how often within a day. */
  told: z.array(z.object({ text: z.string(), since: z.number(), times: z.number() })).optional(),
  /** In one word. These three are absent where an older daemon answers. */
  health: z.enum(['ok', 'degraded', 'down']).optional(),
  components: z
    .array(z.object({ name: z.string(), health: z.enum(['ok', 'degraded', 'down', 'off']), detail: z.string() }))
    .optional(),
  policy: z.object({ policies: z.number(), endpoints: z.number(), refused: z.number() }).optional(),
  datastore: z.object({ type: z.string(), inSync: z.boolean(), lastEventAgeSeconds: z.number() }),
  bgp: z.object({ asn: z.number(), routerId: z.string(), peers: z.array(peer) }).optional(),
  blocks: z.array(z.object({ cidr: z.string(), state: z.string(), inUse: z.number(), size: z.number() })),
  routes: z.object({ desired: z.number(), programmed: z.number(), failed: z.number() }),
  /** Pods of this node, those whose interface is missing, and interfaces like pods' that are nobody's. */
  endpoints: z.object({ desired: z.number(), missing: z.number(), strange: z.number() }).optional(),
});
export type StatusAnswer = z.infer<typeof nodeStatusSchema>;
export type NodeStatusPeer = z.infer<typeof peer>;

export const explainedEntrySchema = z.object({
  /** The entry as ip(8) prints it. */
  text: z.string(),
  wanted: z.boolean(),
  present: z.boolean(),
  /** Why it is wanted, or why it is not there: the block, the endpoint, the peer, the kernel's refusal. */
  why: z.string(),
  /** When the kernel took it as it is, in milliseconds since 1970: of routes that came or changed lately. */
  since: z.number().optional(),
  /** Of a pool with an address of its own for what leaves the cluster. */
  egress: z
    .object({
      pool: z.string(),
      cidr: z.string(),
      address: z.string(),
      /** Name of the node; absent for none. */
      gateway: z.string().optional(),
      /** `here`: this node is it; `none`: nothing leaves. */
      way: z.enum(['here', 'subnet', 'vxlan', 'ipip', 'none']),
      via: z.string().optional(),
      table: z.number().optional(),
    })
    .optional(),
});
export type ExplainedEntry = z.infer<typeof explainedEntrySchema>;

export const cniResultSchema = z.looseObject({
  cniVersion: z.string(),
  interfaces: z.array(
    z.looseObject({
      name: z.string(),
      mac: z.string().optional(),
      mtu: z.number().optional(),
      sandbox: z.string().optional(),
    }),
  ),
  ips: z.array(
    z.looseObject({ address: z.string(), gateway: z.string().optional(), interface: z.number().optional() }),
  ),
});
export type CniResult = z.infer<typeof cniResultSchema>;

export const drainSchema = z.object({
  draining: z.boolean(),
  /** Milliseconds since 1970. */
  since: z.number().optional(),
  /** BGP sessions that are up. */
  peers: z.number(),
  /** Whether each of them has been sent what holds now. */
  told: z.boolean(),
  /** Whether they have had time to act on it. */
  safe: z.boolean(),
});
export type DrainAnswer = z.infer<typeof drainSchema>;
