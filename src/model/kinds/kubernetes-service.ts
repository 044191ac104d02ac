import * as z from 'zod';
import type { Resource } from '../resource.ts';
import { defineKind, type SpecOf } from './definition.ts';

/** Service of Kubernetes, as far as its announcement reads it. */
export const kubernetesService = defineKind({
  kind: 'KubernetesService',
  plural: 'kubernetesservices',
  aliases: [],
  namespaced: true,
  name: 'any',
  essential: 'all',
  spec: z.looseObject({
    /** `ClusterIP`, `NodePort`, `LoadBalancer` or `ExternalName`. */
    type: z.string(),
    /** None of a headless one. */
    clusterIPs: z.array(z.string()),
    externalIPs: z.array(z.string()),
    /** What its load balancer gave it: addresses of `status.loadBalancer.ingress`. */
    loadBalancerIPs: z.array(z.string()),
    /** What was asked of the load balancer. */
    loadBalancerIP: z.string().optional(),
    /** `Cluster` or `Local`; absent where nothing comes from outside. */
    externalTrafficPolicy: z.string().optional(),
    /** `IPv4`, `IPv6`. */
    ipFamilies: z.array(z.string()),
  }),
});

export type KubernetesService = Resource<'KubernetesService', SpecOf<typeof kubernetesService>>;
