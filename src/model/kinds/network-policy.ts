import * as z from 'zod';
import type { Resource } from '../resource.ts';
import { defineKind, type SpecOf } from './definition.ts';
import { name, oneOf, selector } from './field.ts';
import { rule } from './rule.ts';

const selectorText = selector.max(1024);
const twice = 'names the same twice';

/** The fields that policies of both scopes and their staged forms share. */
export const policyFields = {
  tier: name.optional(),
  /** Absent: last. */
  order: z.number().optional(),
  selector: selectorText.optional(),
  types: z.array(oneOf('Ingress', 'Egress')).max(2).refine(areDifferent, twice).optional(),
  ingress: z.array(rule).max(1024).optional(),
  egress: z.array(rule).max(1024).optional(),
  serviceAccountSelector: selectorText.optional(),
  performanceHints: z.array(oneOf('AssumeNeededOnEveryNode')).refine(areDifferent, twice).optional(),
};

function areDifferent(items: readonly unknown[]): boolean {
  return new Set(items).size === items.length;
}

export const stagedAction = oneOf('Set', 'Delete', 'Learn', 'Ignore');

type Policy = z.output<z.ZodObject<typeof policyFields>>;

/** Checks what depends on the direction of a rule. A global policy has no namespace in which its services could be. */
export function checkPolicy({ ingress, egress }: Policy, context: z.RefinementCtx, isGlobal: boolean): void {
  const wrong = (path: (string | number)[], message: string): void =>
    context.addIssue({ code: 'custom', path, message });
  ingress?.forEach(({ source, destination }, at) => {
    const path = ['ingress', at];
    if (destination?.services !== undefined) {
      wrong([...path, 'destination', 'services'], 'not allowed in ingress rule destination');
    }
    if (isGlobal && source?.services !== undefined && !source.services.namespace) {
      wrong([...path, 'source', 'services', 'namespace'], 'must specify a namespace');
    }
  });
  egress?.forEach(({ source, destination, http }, at) => {
    const path = ['egress', at];
    if (source?.services !== undefined) wrong([...path, 'source', 'services'], 'not allowed in egress rule source');
    if (http !== undefined) wrong([...path, 'http'], 'not allowed in egress rule');
    if (isGlobal && destination?.services !== undefined && !destination.services.namespace) {
      wrong([...path, 'destination', 'services', 'namespace'], 'must specify a namespace');
    }
  });
}

const deletable = [
  ...[...Object.keys(policyFields), 'namespaceSelector', 'doNotTrack', 'preDNAT', 'applyOnForward'],
  ...['podSelector', 'policyTypes'],
];

/** A staged policy that stands for a deletion says nothing else. */
export function deletesNothing(spec: object, context: z.RefinementCtx, allowed: readonly string[] = []): void {
  for (const field of deletable) {
    if (allowed.includes(field) || isZero(Reflect.get(spec, field))) continue;
    context.addIssue({ code: 'custom', path: [field], message: 'must be empty if stagedAction is Delete' });
  }
}

function isZero(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0;
  return value === undefined || value === '' || value === false;
}

export const networkPolicy = defineKind({
  kind: 'NetworkPolicy',
  plural: 'networkpolicies',
  aliases: ['networkpolicy', 'networkpolicies', 'policy', 'policies', 'np', 'pol', 'pols'],
  namespaced: true,
  name: 'policy',
  ownReader: true,
  spec: z.looseObject(policyFields).superRefine((policy, context) => checkPolicy(policy, context, false)),
});

export const stagedNetworkPolicy = defineKind({
  kind: 'StagedNetworkPolicy',
  plural: 'stagednetworkpolicies',
  aliases: [
    'stagednetworkpolicy',
    'stagednetworkpolicies',
    'stagedpolicy',
    'stagedpolicies',
    'snp',
    'snps',
    'spol',
    'spols',
  ],
  namespaced: true,
  name: 'policy',
  ownReader: true,
  spec: z.looseObject({ ...policyFields, stagedAction: stagedAction.optional() }).superRefine((policy, context) => {
    if (policy.stagedAction === 'Delete') deletesNothing(policy, context, ['tier']);
    else checkPolicy(policy, context, false);
  }),
});

/** Its rules are those of `networking.k8s.io`, carried as they are. */
export const stagedKubernetesNetworkPolicy = defineKind({
  kind: 'StagedKubernetesNetworkPolicy',
  plural: 'stagedkubernetesnetworkpolicies',
  aliases: [
    'stagedkubernetesnetworkpolicy',
    'stagedkubernetesnetworkpolicies',
    'stagedkubernetespolicy',
    'stagedkubernetespolicies',
    'sknp',
    'skpol',
    'skpols',
  ],
  namespaced: true,
  name: 'subdomain',
  ownReader: true,
  spec: z
    .looseObject({
      stagedAction: stagedAction.optional(),
      podSelector: z.looseObject({}).optional(),
      ingress: z.array(z.looseObject({})).optional(),
      egress: z.array(z.looseObject({})).optional(),
      policyTypes: z.array(oneOf('Ingress', 'Egress')).refine(areDifferent, twice).optional(),
    })
    .superRefine((policy, context) => {
      if (policy.stagedAction === 'Delete') deletesNothing(policy, context);
    }),
});

export type NetworkPolicySpec = SpecOf<typeof networkPolicy>;
export type NetworkPolicy = Resource<'NetworkPolicy', NetworkPolicySpec>;
export type StagedNetworkPolicy = Resource<'StagedNetworkPolicy', SpecOf<typeof stagedNetworkPolicy>>;
export type StagedKubernetesNetworkPolicy = Resource<
  'StagedKubernetesNetworkPolicy',
  SpecOf<typeof stagedKubernetesNetworkPolicy>
>;
