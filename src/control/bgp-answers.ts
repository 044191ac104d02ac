import * as z from 'zod';

const sessionChange = z.object({
  /** Milliseconds since 1970. */
  at: z.number(),
  isUp: z.boolean(),
  reason: z.string(),
  /** Of an end: how many of the last day, this one included, had the same reason. */
  times: z.number().optional(),
});

const neighbour = z.object({
  /** Its name: the address, with the port where several have that. */
  name: z.string(),
  address: z.string(),
  /** `node-to-node mesh`, `global`, `node specific`, `local workload`. */
  type: z.string(),
  /** The object that asks for it. */
  description: z.string(),
  localAs: z.number(),
  remoteAs: z.number(),
  session: z.string(),
  reason: z.string().optional(),
  /** Milliseconds since 1970. */
  since: z.number(),
  routerId: z.string().optional(),
  holdTime: z.number().optional(),
  families: z.array(z.string()),
  capabilities: z.array(z.string()),
  messages: z.object({
    received: z.number(),
    sent: z.number(),
    updatesReceived: z.number(),
    updatesSent: z.number(),
  }),
  prefixes: z.object({ received: z.number(), accepted: z.number(), advertised: z.number() }),
  flaps: z.number(),
  /** How BFD watches it, where that was asked for. Milliseconds. */
  bfd: z
    .object({
      state: z.string().optional(),
      reason: z.string().optional(),
      multihop: z.boolean().optional(),
      interface: z.string().optional(),
      transmitInterval: z.number().optional(),
      detectionTime: z.number().optional(),
      downs: z.number(),
    })
    .optional(),
  gracefulRestart: z.string().optional(),
  /** The latest comings and goings, the newest first. */
  history: z.array(sessionChange),
});
export type BgpNeighbour = z.infer<typeof neighbour>;

export const bgpPeersSchema = z.object({
  nodename: z.string(),
  /** Absent: the node speaks no BGP. */
  bgp: z.object({ asn: z.number(), routerId: z.string() }).optional(),
  peers: z.array(neighbour),
});
export type BgpPeersAnswer = z.infer<typeof bgpPeersSchema>;

const path = z.object({
  /** The peer's name, or `local`. */
  peer: z.string(),
  best: z.boolean(),
  /** Why it is not the best, or was refused. */
  reason: z.string().optional(),
  nextHop: z.string(),
  localPref: z.number(),
  asPath: z.array(z.number()),
  origin: z.string(),
  med: z.number(),
  communities: z.array(z.string()),
  extendedCommunities: z.array(z.string()),
  largeCommunities: z.array(z.string()),
  originatorId: z.string().optional(),
  originValidity: z.string().optional(),
  stale: z.boolean(),
});
const route = path.extend({ prefix: z.string() });
export type BgpRoute = z.infer<typeof route>;

export const bgpRoutesSchema = z.object({ total: z.number(), routes: z.array(route) });

export const bgpRouteSchema = z.object({
  /** The prefix that was found; absent where nothing leads to what was asked for. */
  prefix: z.string().optional(),
  /** None where BGP has told of none: the kernel's route says then what leads there, as VXLAN. */
  paths: z.array(path),
  announcements: z.array(z.object({ peer: z.string(), announced: z.boolean(), reason: z.string().optional() })),
  /** The kernel's routes to it: as ip(8) prints them. */
  kernel: z.array(z.object({ text: z.string(), wanted: z.boolean(), present: z.boolean(), why: z.string() })),
});
export type BgpRouteAnswer = z.infer<typeof bgpRouteSchema>;
