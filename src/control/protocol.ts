import * as z from 'zod';

export const cniRequest = z.object({
  containerId: z.string().min(1),
  /** Path of the pod's network namespace; empty for a DEL that comes late. */
  netns: z.string(),
  /** For one that is named after a process: a path that others can open too, and the inode of the namespace. */
  named: z.object({ path: z.string(), inode: z.number() }).optional(),
  ifName: z.string().min(1).max(15),
  /** `CNI_ARGS` as key → value. */
  args: z.record(z.string(), z.string()),
  /** The plugin's network configuration, as it came on stdin. */
  config: z.looseObject({ cniVersion: z.string(), name: z.string() }),
  /** The result of another IPAM plugin, when the configuration names one; absent, the daemon assigns. */
  assigned: z.object({ addresses: z.array(z.string()).min(1), routes: z.array(z.string()).default([]) }).optional(),
});
export type CniRequest = z.infer<typeof cniRequest>;

/** A question about one packet: ends as people name them, and `tcp/443` or the like. */
const whyRequest = z.object({
  op: z.literal('policy.why'),
  source: z.string(),
  destination: z.string(),
  carried: z.string(),
  sourcePort: z.number().int().min(1).max(65_535).optional(),
  /** Whether a packet is to be sent: the answer says from where. */
  probe: z.boolean().optional(),
});

const changeInMind = z.object({
  kind: z.string(),
  name: z.string(),
  namespace: z.string().optional(),
  resource: z.looseObject({}).optional(),
});
export type ChangeInMind = z.infer<typeof changeInMind>;

const policyRequests = [
  whyRequest,
  z.object({ op: z.literal('policy.effective'), pod: z.string() }),
  z.object({ op: z.literal('policy.verify') }),
  z.object({ op: z.literal('policy.staged') }),
  /** The policies that hold here, and how often their rules have decided. */
  z.object({ op: z.literal('policy.hits') }),
  /** Asks what would change for live connections if these objects were written; without `resource`, taken away. */
  z.object({
    op: z.literal('policy.changes'),
    changes: z.array(changeInMind),
  }),
  /** How often each drop has dropped. */
  z.object({ op: z.literal('drops.counted') }),
  /** The newest of the packets dropped lately, at once. While it is asked for, the kernel tells of them. */
  z.object({ op: z.literal('drops.recent'), limit: z.number().int().min(1).max(1000).default(200) }),
  /** The packets dropped since that number; answered when there are some, or after a while without. */
  z.object({ op: z.literal('drops.after'), after: z.number().int().min(0).optional() }),
] as const;

const flowsRequest = z.object({
  op: z.literal('flows'),
  /**
   * Keeps the log on while it is asked so, and answers when there is something new after these numbers, or after a
   * while without. Without numbers: from now on.
   */
  follow: z.boolean().optional(),
  after: z.number().int().min(0).optional(),
  settled: z.number().int().min(0).optional(),
  /** Without `follow`: the newest of those that the rest of the question is about. */
  limit: z.number().int().min(1).max(10_000).default(1000),
  /** Those that something happened to since, in milliseconds since 1970. */
  since: z.number().optional(),
  denied: z.boolean().optional(),
  /** `namespace/name` of a pod at either end. */
  pod: z.string().optional(),
});
export type FlowsRequest = z.infer<typeof flowsRequest>;

/** Tables of a peer that can be asked for. */
export const ROUTE_SELECTIONS = ['received', 'accepted', 'filtered', 'advertised', 'not-exported'] as const;

const bgpRequests = [
  z.object({ op: z.literal('bgp.peers') }),
  z.object({
    op: z.literal('bgp.routes'),
    peer: z.string(),
    selection: z.enum(ROUTE_SELECTIONS),
    /** Routes that are told one by one; the rest is counted. */
    limit: z.number().int().min(0).max(100_000).default(1000),
  }),
  /** `prefix`: CIDR text, or an address: then the longest prefix that covers it. */
  z.object({ op: z.literal('bgp.route'), prefix: z.string() }),
  /** The kernel's routes that cover an address, the longest prefix first. */
  z.object({ op: z.literal('route.to'), address: z.string() }),
] as const;

/** One line of JSON each way: the request names an `op`, the answer is `{ ok, result }` or `{ ok, error }`. */
export const requestSchema = z.discriminatedUnion('op', [
  z.object({ op: z.literal('status') }),
  z.object({ op: z.literal('routes') }),
  z.object({ op: z.literal('endpoints') }),
  z.object({ op: z.literal('tunnels') }),
  z.object({ op: z.literal('nat') }),
  z.object({ op: z.literal('egress') }),
  z.object({ op: z.literal('services') }),
  z.object({ op: z.literal('resync') }),
  /** Traffic is to move away from the node, or back. */
  z.object({ op: z.literal('drain'), action: z.enum(['begin', 'undo', 'state']) }),
  /** Nodes, pools and blocks of the whole cluster, as this node knows them. */
  z.object({ op: z.literal('cluster') }),
  /** The holder of an address, and what the address belongs to. */
  z.object({ op: z.literal('address'), address: z.string() }),
  ...policyRequests,
  ...bgpRequests,
  flowsRequest,
  /** Asks what was done for a pod, `namespace/name`, and when. */
  z.object({ op: z.literal('timeline'), pod: z.string() }),
  /** Asks for the ledger's entries about an address. */
  z.object({ op: z.literal('ledger'), address: z.string() }),
  z.object({ op: z.literal('cni.add'), request: cniRequest }),
  z.object({ op: z.literal('cni.del'), request: cniRequest }),
  z.object({ op: z.literal('cni.check'), request: cniRequest }),
  z.object({
    op: z.literal('cni.gc'),
    valid: z.array(z.object({ containerId: z.string(), ifName: z.string() })),
    network: z.string(),
  }),
  z.object({ op: z.literal('cni.status') }),
  /** The pod CIDRs that the cluster has given to this node: a list of text. */
  z.object({ op: z.literal('cni.pod-cidrs') }),
]);
export type Request = z.infer<typeof requestSchema>;

export const responseSchema = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), result: z.unknown() }),
  z.object({
    ok: z.literal(false),
    error: z.object({ code: z.string(), message: z.string(), cniCode: z.number().optional() }),
  }),
]);
export type Response = z.infer<typeof responseSchema>;
