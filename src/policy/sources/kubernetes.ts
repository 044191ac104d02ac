import * as z from 'zod';
import type { Selector } from '../../model/index.ts';
import { and, inNamespace, ofNamespace } from '../expression.ts';
import type { Direction, Policy, PolicyId, Ports, Problem, Rule, Side } from '../form.ts';
import { protocolNumber } from '../protocol.ts';
import { IS_POD, stagedOf } from './calico.ts';
import { readRules } from './closed.ts';
import { firstIssue, net, portName } from './field.ts';
import { labelSelector } from './label-selector.ts';
import type { PolicyObject, PolicyReading } from './object.ts';

/** NetworkPolicy of `networking.k8s.io/v1`: in the default tier, where all its rules allow, at the order of Calico. */
const ORDER = 1_000;

const peer = z.union([
  z
    .strictObject({ ipBlock: z.strictObject({ cidr: net, except: z.array(net).nullish() }) })
    .transform(({ ipBlock }) => ({ kind: 'block', ...ipBlock }) as const),
  z
    .strictObject({ podSelector: labelSelector.nullish(), namespaceSelector: labelSelector.nullish() })
    .refine(({ podSelector, namespaceSelector }) => podSelector || namespaceSelector, 'must say whom it means')
    .transform((selectors) => ({ kind: 'pods', ...selectors }) as const),
]);

const portNumber = z.number().int().min(1).max(65_535);
const port = z
  .strictObject({
    protocol: z.enum(['TCP', 'UDP', 'SCTP']).nullish(),
    port: z.union([portNumber, portName]).nullish(),
    endPort: portNumber.nullish(),
  })
  .refine(({ port: first, endPort }) => endPort == null || (typeof first === 'number' && first <= endPort), {
    error: 'must not be below port, which must be a number',
    path: ['endPort'],
  });

const rule = z.strictObject({
  from: z.array(peer).nullish(),
  to: z.array(peer).nullish(),
  ports: z.array(port).nullish(),
});

const types = z.array(z.enum(['Ingress', 'Egress'])).nullish();

export function readKubernetesPolicy({ kind, metadata, spec: given }: PolicyObject): PolicyReading {
  const namespace = metadata.namespace ?? 'default';
  const id: PolicyId = { kind: 'KubernetesNetworkPolicy', namespace, name: metadata.name };
  const spec = (given ?? {}) as Record<string, unknown>;
  const problems: Problem[] = [];
  const read = <Value>(field: string, schema: z.ZodType<Value>, otherwise: string): Value | undefined => {
    const result = schema.safeParse(spec[field]);
    if (result.success) return result.data;
    const issue = firstIssue(result.error);
    problems.push({ policy: id, field: `${field}.${issue.field}`, reason: `${issue.reason}: ${otherwise}` });
    return undefined;
  };
  // Its subjects are not known then: nobody in the namespace gets anything by it.
  const pods = read('podSelector', labelSelector.nullish(), 'the policy closes its whole namespace');
  const isClosed = problems.length > 0;
  const said = read('policyTypes', types, 'the policy is taken to be about both directions');
  const directions = said ?? (problems.length > 0 && !isClosed ? ['Ingress', 'Egress'] : directionsOf(spec));
  const rules: { [Which in Direction]?: readonly Rule[] } = {};
  for (const [type, direction, side] of [
    ['Ingress', 'ingress', 'source'],
    ['Egress', 'egress', 'destination'],
  ] as const) {
    if (!directions.includes(type)) continue;
    const convert = (line: z.output<typeof rule>, index: number): readonly Rule[] =>
      convertRule(line, index, namespace, side);
    const lines = readRules(id, direction, spec[direction], rule, convert, 'Allow');
    problems.push(...lines.problems);
    rules[direction] = isClosed ? [] : lines.rules;
  }
  const policy: Policy = {
    id,
    tier: 'default',
    order: ORDER,
    subject: and(IS_POD, inNamespace(namespace), pods ?? undefined),
    rules,
    hook: 'normal',
    staged: kind.startsWith('Staged') ? stagedOf(stagedAction.parse(spec['stagedAction'])) : undefined,
  };
  return { policies: [policy], problems };
}

const stagedAction = z.enum(['Set', 'Delete', 'Learn', 'Ignore']).catch('Set');

/** As the API server fills in: ingress always, egress with rules for it, or what stands in their place. */
function directionsOf({ egress }: Record<string, unknown>): readonly string[] {
  const isSaid = Array.isArray(egress) ? egress.length > 0 : egress !== undefined && egress !== null;
  return isSaid ? ['Ingress', 'Egress'] : ['Ingress'];
}

function convertRule(
  { from, to, ports }: z.output<typeof rule>,
  index: number,
  namespace: string,
  side: 'source' | 'destination',
): readonly Rule[] {
  const peers = (side === 'source' ? from : to) ?? [];
  const sides = peers.length === 0 ? [{}] : peers.map((one) => peerSide(one, namespace));
  const protocols = portsByProtocol(ports ?? []);
  return sides.flatMap((far) =>
    protocols.map(([protocol, numbers]): Rule => {
      const near: Side = numbers === undefined ? {} : { ports: numbers };
      const match =
        side === 'source' ? { source: far, destination: near } : { source: {}, destination: { ...far, ...near } };
      return { action: 'Allow', index, match: { protocol, ...match } };
    }),
  );
}

function peerSide(one: z.output<typeof peer>, namespace: string): Side {
  if (one.kind === 'block') return { nets: [one.cidr], notNets: one.except ?? [] };
  const where: Selector = one.namespaceSelector == null ? inNamespace(namespace) : ofNamespace(one.namespaceSelector);
  return { selector: and(IS_POD, where, one.podSelector ?? undefined) };
}

/** For each protocol the ports; undefined: all of them, which swallows narrower ones. No list: any protocol. */
function portsByProtocol(given: readonly z.output<typeof port>[]): readonly [number | undefined, Ports | undefined][] {
  if (given.length === 0) return [[undefined, undefined]];
  const groups = Map.groupBy(given, ({ protocol }) => protocol ?? 'TCP');
  return [...groups].map(([protocol, ports]) => {
    if (ports.some((one) => one.port == null)) return [protocolNumber(protocol), undefined];
    const ranges = ports.flatMap(({ port: first, endPort }): [number, number][] =>
      typeof first === 'number' ? [[first, endPort ?? first]] : [],
    );
    const names = ports.flatMap(({ port: name }) => (typeof name === 'string' ? [name] : []));
    return [protocolNumber(protocol), { ranges, names }];
  });
}
