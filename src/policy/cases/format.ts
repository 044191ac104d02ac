import * as z from 'zod';
import { policyObject } from '../sources/index.ts';

/**
 * Files of cases, `policy-verdicts/1`: worlds of namespaces and pods, steps that change them and their policies, and what
 * must then hold between every two of them. People write such files to try a policy before it is anywhere.
 */

const labels = z.record(z.string(), z.string());
const port = z.strictObject({ name: z.string().optional(), port: z.number().int(), protocol: z.string().optional() });

const casePod = z.strictObject({
  namespace: z.string(),
  name: z.string(),
  ip: z.union([z.string(), z.array(z.string())]),
  labels: labels.default({}),
  ports: z.array(port).default([]),
  serviceAccount: z.string().optional(),
  hostNetwork: z.boolean().default(false),
});
export type CasePod = z.output<typeof casePod>;

const node = z.strictObject({ name: z.string(), addresses: z.array(z.string()), labels: labels.default({}) });

const world = z.strictObject({
  namespaces: z.record(z.string(), labels).default({}),
  pods: z.array(casePod).default([]),
  serviceAccounts: z.record(z.string(), labels).default({}),
  nodes: z.array(node).default([]),
});
export type CaseWorld = z.output<typeof world>;

const backend = z.strictObject({ ip: z.string(), port: z.number().int(), protocol: z.string().default('TCP') });
/** A pod and what stands for a Service's EndpointSlices are shorter than what the API has. */
const casePodObject = z.strictObject({ apiVersion: z.string().optional(), kind: z.literal('Pod'), pod: casePod });
export type CasePodObject = z.output<typeof casePodObject>;
const caseObject = z.union([casePodObject, policyObject.extend({ endpoints: z.array(backend).optional() })]);
export type CaseObject = z.output<typeof caseObject>;

const deletion = z.looseObject({ kind: z.string(), namespace: z.string().optional(), name: z.string() });
const relabelling = z.strictObject({ pod: z.string().optional(), namespace: z.string().optional(), labels });

const matrix = z.strictObject({
  protocol: z.union([z.string(), z.number()]),
  port: z.number().int(),
  matrix: z.array(z.string()),
  pods: z.array(z.string()).optional(),
});
const extra = z.strictObject({
  sourcePort: z.number().int().optional(),
  icmp: z.tuple([z.number().int(), z.number().int()]).optional(),
});
const probe = z.union([
  z.tuple([z.string(), z.string(), z.union([z.string(), z.number()]), z.number().int(), z.boolean()]),
  z.tuple([z.string(), z.string(), z.union([z.string(), z.number()]), z.number().int(), z.boolean(), extra]),
]);
const probes = z.strictObject({ stated: z.boolean().optional(), probes: z.array(probe) });
export type CaseProbe = z.output<typeof probe>;

const step = z.strictObject({
  apply: z.array(caseObject).default([]),
  delete: z.array(deletion).default([]),
  labels: z.array(relabelling).default([]),
  expect: z.array(z.union([matrix, probes])).default([]),
});
export type CaseStep = z.output<typeof step>;

const hostPacket = z.strictObject({
  path: z.enum(['in', 'out', 'forward-in', 'forward-out', 'pod-to-host', 'host-to-pod']),
  interface: z.string(),
  source: z.string(),
  destination: z.string(),
  protocol: z.union([z.string(), z.number()]),
  port: z.number().int(),
  sourcePort: z.number().int().optional(),
  state: z.enum(['established', 'invalid']).optional(),
  preDNATPort: z.number().int().optional(),
  preDNATDestination: z.string().optional(),
  want: z.enum(['accept', 'drop']),
});
export type CaseHostPacket = z.output<typeof hostPacket>;

const failsafe = z.strictObject({
  protocol: z.union([z.string(), z.number()]),
  port: z.number().int(),
  net: z.string().optional(),
});

const common = { id: z.string(), title: z.string().optional() };
const podCase = z.strictObject({ ...common, world: z.union([z.string(), world]), steps: z.array(step) });
const hostCase = z.strictObject({
  ...common,
  policies: z.array(caseObject),
  packets: z.array(hostPacket),
  failsafeInbound: z.array(failsafe).optional(),
  failsafeOutbound: z.array(failsafe).optional(),
  defaultEndpointToHostAction: z.enum(['Drop', 'Accept', 'Return']).optional(),
});

export const caseFile = z.strictObject({
  format: z.literal('policy-verdicts/1'),
  family: z.string().optional(),
  about: z.string().optional(),
  worlds: z.record(z.string(), world).default({}),
  cases: z.array(z.union([podCase, hostCase])),
});
export type CaseFile = z.output<typeof caseFile>;
export type PodCase = z.output<typeof podCase>;
export type HostCase = z.output<typeof hostCase>;
