import * as z from 'zod';
import type { Resource } from '../resource.ts';
import { defineKind, type Known, type SpecOf } from './definition.ts';

/** Calico's annotations for a Service's wishes to the load balancer. Each is a JSON list of texts. */
export const SERVICE_ANNOTATION = {
  /** Names or CIDRs. */
  pools4: 'projectcalico.org/ipv4pools',
  pools6: 'projectcalico.org/ipv6pools',
  addresses: 'projectcalico.org/loadBalancerIPs',
} as const;

/** The type of the condition that says whether anybody outside the cluster learns where a Service's addresses are. */
export const ADVERTISED = 'vrouter.projectcalico.org/Advertised';

/** One of `status.loadBalancer.ingress`: an address or a name, and what somebody else says of it. */
const ingress = z.looseObject({ ip: z.string().optional(), hostname: z.string().optional() });
export type LoadBalancerIngress = Known<z.infer<typeof ingress>>;

/** Service of Kubernetes, as far as its announcement and its load balancer read it. */
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
    /** The addresses that its load balancer gave it: those of `status.loadBalancer.ingress`. */
    loadBalancerIPs: z.array(z.string()),
    /** The address asked of the load balancer. */
    loadBalancerIP: z.string().optional(),
    /** `Cluster` or `Local`; absent where nothing comes from outside. */
    externalTrafficPolicy: z.string().optional(),
    /** `IPv4`, `IPv6`. */
    ipFamilies: z.array(z.string()),
    /** Whose load balancer it waits for; absent: the cluster's own. */
    loadBalancerClass: z.string().optional(),
    /** The condition `ADVERTISED` of its status. */
    advertised: z.looseObject({ status: z.string(), reason: z.string(), message: z.string() }).optional(),
    /** The whole of `status.loadBalancer.ingress`; absent where it is no more than `loadBalancerIPs`. */
    ingress: z.array(ingress).optional(),
  }),
});

export type KubernetesService = Resource<'KubernetesService', SpecOf<typeof kubernetesService>>;
