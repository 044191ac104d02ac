import * as z from 'zod';

/** What is answered about the cluster as a whole, and about one address in it. */

const block = z.object({
  cidr: z.string(),
  /** Absent: no node has it. */
  node: z.string().optional(),
  inUse: z.number(),
  size: z.number(),
});

export const clusterSchema = z.object({
  /** By name. */
  nodes: z.array(
    z.object({
      name: z.string(),
      /** Those that the others reach it by. */
      addresses: z.array(z.string()),
      asn: z.number().optional(),
    }),
  ),
  /** By CIDR. */
  pools: z.array(
    z.object({
      name: z.string(),
      cidr: z.string(),
      /** Length of its blocks' prefixes. */
      blockSize: z.number(),
      /** `none`, or the mode of IPIP or VXLAN in words. */
      encapsulation: z.string(),
      disabled: z.boolean(),
    }),
  ),
  /** By address. */
  blocks: z.array(block),
});
export type ClusterAnswer = z.infer<typeof clusterSchema>;

export const addressSchema = z.object({
  address: z.string(),
  /** The node whose own address it is. */
  node: z.string().optional(),
  /** `namespace/name` of the pod, or the name of the host endpoint, that has it. */
  endpoint: z.string().optional(),
  block: block.optional(),
  pool: z.string().optional(),
  /** What its block notes of it: handle, pod, namespace, node, since when. Absent: nobody has it. */
  assignment: z.record(z.string(), z.string()).optional(),
});
export type AddressAnswer = z.infer<typeof addressSchema>;

export const policyHitsSchema = z.object({
  /** Those that some pod or host endpoint here is held to, by tier and order. */
  policies: z.array(
    z.object({
      policy: z.string(),
      tier: z.string(),
      /** Absent: after all that have one. */
      order: z.number().optional(),
      /** Pods and host endpoints of this node. */
      endpoints: z.number(),
      ingressRules: z.number(),
      egressRules: z.number(),
    }),
  ),
  /** Whether rules count that let a packet through (VROUTER_POLICY_RULE_COUNTERS); those that deny always do. */
  countsAll: z.boolean(),
  rules: z.array(
    z.object({
      tier: z.string(),
      policy: z.string(),
      rule: z.string(),
      direction: z.string(),
      verdict: z.enum(['allow', 'deny', 'pass', 'log']),
      packets: z.number(),
      bytes: z.number(),
    }),
  ),
});
export type PolicyHitsAnswer = z.infer<typeof policyHitsSchema>;
