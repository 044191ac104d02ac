import * as z from 'zod';
import { tryParseAddress, tryParsePrefix } from '../../base/index.ts';
import { protocolNumber } from '../protocol.ts';
import { policyObject } from '../sources/index.ts';

/**
 * Files of cases, `policy-verdicts/1`: worlds of namespaces and pods, steps that change them and their policies, and what
 * must then hold between every two of them. People write such files to try a policy before it is anywhere.
 */

const labels = z.record(z.string(), z.string());
const protocol = z.union([z.string(), z.number()]).refine((given) => protocolNumber(given) !== undefined, {
  error: ({ input }) => `${JSON.stringify(input)} is no protocol`,
});

/** One of two forms: the first where the key is there. So what is wrong with it is told, and not that it is neither. */
function byKey<First extends z.ZodType, Second extends z.ZodType>(key: string, first: First, second: Second) {
  return z.unknown().transform((given, context): z.output<First> | z.output<Second> => {
    const form = typeof given === 'object' && given !== null && key in given ? first : second;
    const read = form.safeParse(given);
    if (read.success) return read.data as z.output<First> | z.output<Second>;
    for (const issue of read.error.issues) context.issues.push({ ...issue, input: given } as z.core.$ZodRawIssue);
    return z.NEVER;
  });
}
const portNumber = z.number().int().min(0).max(65_535);
const port = z.strictObject({ name: z.string().optional(), port: portNumber, protocol: z.string().optional() });
const address = z.string().refine((text) => tryParseAddress(text) !== undefined, 'must be an address');

const casePod = z.strictObject({
  namespace: z.string(),
  name: z.string(),
  ip: z.union([address, z.array(address)], 'must be an address, or a list of them'),
  labels: labels.default({}),
  ports: z.array(port).default([]),
  serviceAccount: z.string().optional(),
  hostNetwork: z.boolean().default(false),
});
export type CasePod = z.output<typeof casePod>;

const node = z.strictObject({ name: z.string(), addresses: z.array(address), labels: labels.default({}) });

const world = z.strictObject({
  namespaces: z.record(z.string(), labels).default({}),
  pods: z.array(casePod).default([]),
  serviceAccounts: z.record(z.string(), labels).default({}),
  nodes: z.array(node).default([]),
});
export type CaseWorld = z.output<typeof world>;

const backend = z.strictObject({ ip: address, port: portNumber, protocol: z.string().default('TCP') });
/** A pod and what stands for a Service's EndpointSlices are shorter than what the API has. */
const casePodObject = z.strictObject({ apiVersion: z.string().optional(), kind: z.literal('Pod'), pod: casePod });
export type CasePodObject = z.output<typeof casePodObject>;
const caseObject = byKey('pod', casePodObject, policyObject.extend({ endpoints: z.array(backend).optional() }));
export type CaseObject = z.output<typeof caseObject>;

const deletion = z.looseObject({ kind: z.string(), namespace: z.string().optional(), name: z.string() });
const relabelling = z.strictObject({ pod: z.string().optional(), namespace: z.string().optional(), labels });

const matrix = z.strictObject({
  protocol,
  port: portNumber,
  matrix: z.array(z.string().regex(/^[.X-]*$/, 'must be of . X and -')),
  pods: z.array(z.string()).optional(),
});
const extra = z.strictObject({
  sourcePort: portNumber.optional(),
  icmp: z.tuple([z.number().int(), z.number().int()]).optional(),
});
const probe = z.tuple([z.string(), z.string(), protocol, portNumber, z.boolean(), extra.optional()]);
const probes = z.strictObject({ stated: z.boolean().optional(), probes: z.array(probe) });
export type CaseProbe = z.output<typeof probe>;

const step = z.strictObject({
  apply: z.array(caseObject).default([]),
  delete: z.array(deletion).default([]),
  labels: z.array(relabelling).default([]),
  expect: z.array(byKey('matrix', matrix, probes)).default([]),
});
export type CaseStep = z.output<typeof step>;

const hostPacket = z.strictObject({
  path: z.enum(['in', 'out', 'forward-in', 'forward-out', 'pod-to-host', 'host-to-pod']),
  interface: z.string(),
  source: address,
  destination: address,
  protocol,
  port: portNumber,
  sourcePort: portNumber.optional(),
  state: z.enum(['established', 'invalid']).optional(),
  preDNATPort: portNumber.optional(),
  preDNATDestination: address.optional(),
  want: z.enum(['accept', 'drop']),
});
export type CaseHostPacket = z.output<typeof hostPacket>;

const failsafe = z.strictObject({
  protocol,
  port: portNumber,
  net: z
    .string()
    .refine((text) => tryParsePrefix(text) !== undefined, 'must be a CIDR')
    .optional(),
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
  cases: z.array(byKey('packets', hostCase, podCase)),
});
export type CaseFile = z.output<typeof caseFile>;
export type PodCase = z.output<typeof podCase>;
export type HostCase = z.output<typeof hostCase>;
