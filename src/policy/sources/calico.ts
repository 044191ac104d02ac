import * as z from 'zod';
import { policyTypes, type Selector } from '../../model/index.ts';
import { and, inNamespace, ORCHESTRATOR_LABEL, ofNamespace, ofServiceAccount } from '../expression.ts';
import type { Direction, Hook, Policy, PolicyId, Problem, Profile, Rule, Staged, Tier } from '../form.ts';
import { calicoRule, convertCalicoRule } from './calico-rule.ts';
import { closedUnlessDenying, readRules } from './closed.ts';
import { firstIssue, selector } from './field.ts';
import type { PolicyObject, PolicyReading } from './object.ts';

/** NetworkPolicy, GlobalNetworkPolicy and their staged kinds, Tier and Profile (`projectcalico.org/v3`). */

const flag = z.boolean().nullish();
const order = z.number().nullish();

/** The fields beside rules and selectors. A wrong one leaves the policy in no known place: it is then closed. */
const frame = z.looseObject({
  tier: z.string().nullish(),
  order,
  types: z.array(z.enum(['Ingress', 'Egress'])).nullish(),
  doNotTrack: flag,
  preDNAT: flag,
  applyOnForward: flag,
  stagedAction: z.enum(['Set', 'Delete', 'Learn', 'Ignore']).nullish(),
});

export function readCalicoPolicy(object: PolicyObject): PolicyReading {
  const { kind, metadata } = object;
  const isGlobal = kind.endsWith('GlobalNetworkPolicy');
  const namespace = isGlobal ? undefined : (metadata.namespace ?? 'default');
  const id: PolicyId = { kind: kind.replace('Staged', ''), namespace, name: metadata.name };
  const spec = (object.spec ?? {}) as Record<string, unknown>;
  const problems: Problem[] = [];
  const read = frame.safeParse(spec);
  const known = read.success ? read.data : {};
  if (!read.success) {
    problems.push({ policy: id, ...withConsequence(firstIssue(read.error), 'the policy denies all that it selects') });
  }
  const subject = subjectOf(id, spec, isGlobal);
  problems.push(...subject.problems);
  const rules: { [Which in Direction]?: readonly Rule[] } = {};
  // A policy that is for more endpoints than it was meant to be must not let them have what it allows.
  const isClosed = !read.success || subject.problems.length > 0;
  const types = known.types ?? [];
  const directions = policyTypes({
    types: types as ('Ingress' | 'Egress')[],
    ingress: list(spec['ingress']),
    egress: list(spec['egress']),
  });
  for (const type of read.success ? directions : (['Ingress', 'Egress'] as const)) {
    const direction = type === 'Ingress' ? 'ingress' : 'egress';
    const lines = readRules(id, direction, spec[direction], calicoRule, (line, index) =>
      convertCalicoRule(line, index, namespace),
    );
    problems.push(...lines.problems);
    rules[direction] = isClosed ? lines.rules.flatMap(closedUnlessDenying) : lines.rules;
  }
  const policy: Policy = {
    id,
    tier: known.tier || 'default',
    order: known.order ?? Number.POSITIVE_INFINITY,
    subject: subject.selector,
    rules,
    hook: hookOf(known),
    staged: kind.startsWith('Staged') ? stagedOf(known.stagedAction ?? 'Set') : undefined,
  };
  return { policies: [policy], problems };
}

/** What stands there and is no list says something, too, about the direction. */
function list(given: unknown): [] | undefined {
  return (Array.isArray(given) ? given : (given ?? undefined) && [given]) as [] | undefined;
}

export function stagedOf(action: 'Set' | 'Delete' | 'Learn' | 'Ignore'): Staged {
  return action === 'Set' || action === 'Delete' ? action : 'Ignore';
}

function hookOf({ doNotTrack, preDNAT, applyOnForward }: Partial<z.output<typeof frame>>): Hook {
  if (doNotTrack) return 'untracked';
  if (preDNAT) return 'pre-dnat';
  return applyOnForward ? 'forward' : 'normal';
}

/** The endpoints that the policy is for; a part that can't be read is left out, and told. */
function subjectOf(
  id: PolicyId,
  spec: Record<string, unknown>,
  isGlobal: boolean,
): { readonly selector: Selector; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const part = (field: string): Selector | undefined => {
    const read = selector.nullish().safeParse(spec[field]);
    if (read.success) return read.data ?? undefined;
    const { reason } = firstIssue(read.error);
    problems.push({ policy: id, field, reason: `${reason}: the policy denies all in the rest of its scope` });
    return undefined;
  };
  const own = part('selector');
  const accounts = part('serviceAccountSelector');
  const namespaces = isGlobal ? part('namespaceSelector') : undefined;
  const where = isGlobal ? namespaces && ofNamespace(namespaces) : inNamespace(id.namespace ?? '');
  return { selector: and(where, own, accounts && ofServiceAccount(accounts)), problems };
}

function withConsequence(
  { field, reason }: { readonly field: string; readonly reason: string },
  consequence: string,
): { readonly field: string; readonly reason: string } {
  return { field, reason: `${reason}: ${consequence}` };
}

const tierSpec = z.looseObject({ order, defaultAction: z.enum(['Deny', 'Pass']).nullish() });

/** A tier whose action is not understood denies. */
export function readTier({ metadata, spec }: PolicyObject): Tier {
  const read = tierSpec.safeParse(spec ?? {});
  const { order: given, defaultAction } = read.success ? read.data : {};
  return { name: metadata.name, order: given ?? Number.POSITIVE_INFINITY, defaultAction: defaultAction ?? 'Deny' };
}

const labels = z.record(z.string(), z.string()).catch({});

export function readProfile({ kind, metadata, spec }: PolicyObject): {
  readonly profile: Profile;
  readonly problems: readonly Problem[];
} {
  const id = { kind, name: metadata.name };
  const given = (spec ?? {}) as Record<string, unknown>;
  const rules = (['ingress', 'egress'] as const).map((direction) =>
    readRules(id, direction, given[direction], calicoRule, (line, index) => convertCalicoRule(line, index, undefined)),
  );
  const profile: Profile = {
    name: metadata.name,
    labels: labels.parse(given['labelsToApply'] ?? {}),
    rules: { ingress: rules[0].rules, egress: rules[1].rules },
  };
  return { profile, problems: rules.flatMap(({ problems }) => problems) };
}

/** Pods, as Kubernetes' policies mean them: no host, no network set. */
export const IS_POD: Selector = { kind: '==', label: ORCHESTRATOR_LABEL, value: 'k8s' };
