import * as z from 'zod';
import type { Resource } from '../resource.ts';
import { defineKind } from './definition.ts';

/**
 * The policies of Kubernetes' own APIs, by Calico's internal names. Their spec is kept whole and as it is: policy's sources
 * read it, and close what they do not understand.
 */
const raw = { aliases: [], name: 'any', spec: z.looseObject({}), essential: 'all' } as const;

/** NetworkPolicy of `networking.k8s.io/v1`. */
export const kubernetesNetworkPolicy = defineKind({
  ...raw,
  kind: 'KubernetesNetworkPolicy',
  plural: 'kubernetesnetworkpolicies',
  namespaced: true,
});

/** AdminNetworkPolicy of `policy.networking.k8s.io/v1alpha1`. */
export const kubernetesAdminNetworkPolicy = defineKind({
  ...raw,
  kind: 'KubernetesAdminNetworkPolicy',
  plural: 'kubernetesadminnetworkpolicies',
  namespaced: false,
});

/** BaselineAdminNetworkPolicy of `policy.networking.k8s.io/v1alpha1`. */
export const kubernetesBaselineAdminNetworkPolicy = defineKind({
  ...raw,
  kind: 'KubernetesBaselineAdminNetworkPolicy',
  plural: 'kubernetesbaselineadminnetworkpolicies',
  namespaced: false,
});

/** ClusterNetworkPolicy of `policy.networking.k8s.io/v1alpha2`. */
export const kubernetesClusterNetworkPolicy = defineKind({
  ...raw,
  kind: 'KubernetesClusterNetworkPolicy',
  plural: 'kubernetesclusternetworkpolicies',
  namespaced: false,
});

type Raw = Readonly<Record<string, unknown>>;
export type KubernetesNetworkPolicy = Resource<'KubernetesNetworkPolicy', Raw>;
