import * as z from 'zod';
import type { Selector } from '../../model/index.ts';
import { and, ofNamespace } from '../expression.ts';
import type { Action, Direction, Policy, PolicyId, Ports, Problem, Rule, Side } from '../form.ts';
import { protocolNumber } from '../protocol.ts';
import { IS_POD } from './calico.ts';
import { closedRule, closedUnlessDenying, readRules } from './closed.ts';
import { firstIssue, nets, portName } from './field.ts';
import { labelSelector } from './label-selector.ts';
import type { PolicyObject, PolicyReading } from './object.ts';

/**
 * The policies of administrators (`policy.networking.k8s.io`): AdminNetworkPolicy and BaselineAdminNetworkPolicy of
 * v1alpha1, ClusterNetworkPolicy of v1alpha2. Their rules are in order; what none of them matches goes on.
 */

/** One that is absent selects all, as an empty one does. */
const podPeer = z.strictObject({ namespaceSelector: labelSelector.optional(), podSelector: labelSelector.optional() });

const peer = z
  .strictObject({
    namespaces: labelSelector.optional(),
    pods: podPeer.optional(),
    networks: nets.refine((given) => given.length > 0, 'must name a network').optional(),
    nodes: labelSelector.optional(),
  })
  .refine((one) => Object.values(one).filter((value) => value !== undefined).length === 1, 'must say one thing');

const portNumber = z.number().int().min(1).max(65_535);
const transport = z.enum(['TCP', 'UDP', 'SCTP']);
const port = z.union([
  z
    .strictObject({ portNumber: z.strictObject({ protocol: transport.default('TCP'), port: portNumber }) })
    .transform(({ portNumber: { protocol, port: number } }) => ({ protocol, ...numbers(number, number) })),
  z
    .strictObject({
      portRange: z.strictObject({ protocol: transport.default('TCP'), start: portNumber, end: portNumber }),
    })
    .refine(({ portRange: { start, end } }) => start <= end, 'must begin before it ends')
    .transform(({ portRange: { protocol, start, end } }) => ({ protocol, ...numbers(start, end) })),
  z.strictObject({ namedPort: portName }).transform(({ namedPort }) => named(namedPort)),
]);

const destinationPort = z
  .union([
    z.strictObject({ number: portNumber }).transform(({ number }) => numbers(number, number)),
    z
      .strictObject({ range: z.strictObject({ start: portNumber, end: portNumber }) })
      .refine(({ range: { start, end } }) => start <= end, 'must begin before it ends')
      .transform(({ range: { start, end } }) => numbers(start, end)),
  ])
  .nullish();
const ofTransport = z.strictObject({ destinationPort });
const protocolMatch = z
  .strictObject({
    tcp: ofTransport.optional(),
    udp: ofTransport.optional(),
    sctp: ofTransport.optional(),
    destinationNamedPort: portName.optional(),
  })
  .refine((one) => Object.values(one).filter((value) => value !== undefined).length === 1, 'must say one thing')
  .transform(({ tcp, udp, sctp, destinationNamedPort }) => {
    if (destinationNamedPort !== undefined) return named(destinationNamedPort);
    const protocol = tcp !== undefined ? 'TCP' : udp !== undefined ? 'UDP' : 'SCTP';
    return { protocol, ports: (tcp ?? udp ?? sctp)?.destinationPort?.ports };
  });

/** A protocol and ports of it; undefined is all of them. */
interface Lane {
  readonly protocol?: string | undefined;
  readonly ports?: Ports | undefined;
}

function numbers(first: number, last: number): { readonly ports: Ports } {
  return { ports: { ranges: [[first, last]], names: [] } };
}

/** A name stands for a port of any protocol. */
function named(name: string): Lane {
  return { ports: { ranges: [], names: [name] } };
}

const rule = z.strictObject({
  name: z.string().optional(),
  action: z.enum(['Accept', 'Allow', 'Deny', 'Pass']),
  from: z.array(peer).min(1).optional(),
  to: z.array(peer).min(1).optional(),
  ports: z.array(port).nullish(),
  protocols: z.array(protocolMatch).nullish(),
});

const subject = z
  .strictObject({ namespaces: labelSelector.optional(), pods: podPeer.optional() })
  .refine(({ namespaces, pods }) => (namespaces === undefined) !== (pods === undefined), 'must say one thing')
  .transform(({ namespaces, pods }) => and(IS_POD, namespaces ? ofNamespace(namespaces) : podsOf(pods!)));

function podsOf({ namespaceSelector, podSelector }: z.output<typeof podPeer>): Selector {
  return and(ofNamespace(namespaceSelector ?? { kind: 'all' }), podSelector);
}

const priority = z.number().int().min(0).nullish();
const tiers: Readonly<Record<string, string>> = { Admin: 'kube-admin', Baseline: 'kube-baseline' };

/** Without a known tier or subject there is no telling where it stands: it is left out as a whole, and told. */
export function readClusterPolicy({ kind, metadata, spec: given }: PolicyObject): PolicyReading {
  // By Calico's internal name, whoever brings it.
  const id: PolicyId = { kind: kind.replace(/^(?!Kubernetes)/, 'Kubernetes'), name: metadata.name };
  const spec = (given ?? {}) as Record<string, unknown>;
  const left = (field: string, reason: string): PolicyReading => ({
    policies: [],
    problems: [{ policy: id, field, reason: `${reason}: the policy is left out` }],
  });
  const tier = tierOf(id.kind, spec['tier']);
  if (tier === undefined) return left('tier', 'must be Admin or Baseline');
  const selected = subject.safeParse(spec['subject']);
  if (!selected.success) {
    const { field, reason } = firstIssue(selected.error);
    return left(`subject.${field}`, reason);
  }
  const rules: { [Which in Direction]?: readonly Rule[] } = {};
  const problems: Problem[] = [];
  const order = priority.safeParse(spec['priority']);
  if (!order.success) {
    const { reason } = firstIssue(order.error);
    problems.push({ policy: id, field: 'priority', reason: `${reason}: the policy comes first, and accepts nothing` });
  }
  for (const direction of ['ingress', 'egress'] as const) {
    const given = spec[direction];
    if (given === undefined || given === null || (Array.isArray(given) && given.length === 0)) continue;
    const lines = readRules(id, direction, given, rule, (line, index) => convert(line, index, direction));
    rules[direction] = order.success ? lines.rules : lines.rules.flatMap(closedUnlessDenying);
    problems.push(...lines.problems);
  }
  const policy: Policy = { id, tier, order: order.data ?? 0, subject: selected.data, rules, hook: 'normal' };
  return { policies: [policy], problems };
}

function tierOf(kind: string, tier: unknown): string | undefined {
  if (kind === 'KubernetesAdminNetworkPolicy') return tiers['Admin'];
  if (kind === 'KubernetesBaselineAdminNetworkPolicy') return tiers['Baseline'];
  return typeof tier === 'string' && Object.hasOwn(tiers, tier) ? tiers[tier] : undefined;
}

function convert(line: z.output<typeof rule>, index: number, direction: Direction): readonly Rule[] {
  const action: Action = line.action === 'Accept' ? 'Allow' : line.action;
  const peers = direction === 'ingress' ? line.from : line.to;
  // The API asks for a peer; without one nobody is meant.
  if (peers === undefined) return closedRule(action, index);
  const lanes: readonly Lane[] = [...(line.ports ?? []), ...(line.protocols ?? [])];
  return peers.flatMap((one) =>
    (lanes.length === 0 ? [{} as Lane] : lanes).map(({ protocol, ports }): Rule => {
      const far = sideOf(one);
      const near: Side = ports === undefined ? {} : { ports };
      const match =
        direction === 'ingress' ? { source: far, destination: near } : { source: {}, destination: { ...far, ...near } };
      const number = protocol === undefined ? undefined : protocolNumber(protocol);
      return { action, index, name: line.name, match: { protocol: number, ...match } };
    }),
  );
}

function sideOf({ namespaces, pods, networks, nodes }: z.output<typeof peer>): Side {
  // As a peer a namespace selector means all that is in such namespaces, network sets too.
  if (namespaces !== undefined) return { selector: ofNamespace(namespaces) };
  if (pods !== undefined) return { selector: and(IS_POD, podsOf(pods)) };
  return nodes === undefined ? { nets: networks ?? [] } : { nodes };
}
