import * as z from 'zod';
import type { Resource } from '../resource.ts';
import { defineKind, type SpecOf } from './definition.ts';
import { oneOf, selector } from './field.ts';
import { rule } from './rule.ts';

/** What the policies of both scopes and their staged forms share. */
export const policyFields = {
  tier: z.string().optional(),
  /** Absent: last. */
  order: z.number().optional(),
  selector: selector.max(1024).optional(),
  types: z.array(oneOf('Ingress', 'Egress')).max(2).optional(),
  ingress: z.array(rule).max(1024).optional(),
  egress: z.array(rule).max(1024).optional(),
  serviceAccountSelector: selector.max(1024).optional(),
  performanceHints: z.array(oneOf('AssumeNeededOnEveryNode')).optional(),
};

export const stagedAction = oneOf('Set', 'Delete', 'Learn', 'Ignore');

export const networkPolicy = defineKind({
  kind: 'NetworkPolicy',
  plural: 'networkpolicies',
  aliases: ['networkpolicy', 'networkpolicies', 'policy', 'policies', 'np', 'pol', 'pols'],
  namespaced: true,
  name: 'policy',
  spec: z.looseObject(policyFields),
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
  spec: z.looseObject({ ...policyFields, stagedAction: stagedAction.optional() }),
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
  spec: z.looseObject({
    stagedAction: stagedAction.optional(),
    podSelector: z.looseObject({}).optional(),
    ingress: z.array(z.looseObject({})).optional(),
    egress: z.array(z.looseObject({})).optional(),
    policyTypes: z.array(oneOf('Ingress', 'Egress')).optional(),
  }),
});

export type NetworkPolicySpec = SpecOf<typeof networkPolicy>;
export type NetworkPolicy = Resource<'NetworkPolicy', NetworkPolicySpec>;
export type StagedNetworkPolicy = Resource<'StagedNetworkPolicy', SpecOf<typeof stagedNetworkPolicy>>;
export type StagedKubernetesNetworkPolicy = Resource<
  'StagedKubernetesNetworkPolicy',
  SpecOf<typeof stagedKubernetesNetworkPolicy>
>;
