import * as z from 'zod';
import type { Resource } from '../resource.ts';
import { defineKind, type SpecOf } from './definition.ts';

/**
 * EndpointSlice of `discovery.k8s.io/v1`, as far as policy and announcements read it: some of the addresses behind a Service, each of which
 * has all of the ports. All slices of a Service make up its backends. Policy counts them ready or not, as Calico
 * does.
 */
export const kubernetesEndpointSlice = defineKind({
  kind: 'KubernetesEndpointSlice',
  plural: 'kubernetesendpointslices',
  aliases: [],
  namespaced: true,
  name: 'any',
  essential: 'all',
  spec: z.looseObject({
    /** The Service, in the slice's namespace. */
    service: z.string(),
    addresses: z.array(z.string()),
    /** `IPv4`, `IPv6` or `FQDN`. */
    addressType: z.string().optional(),
    /** Nodes with an endpoint that is ready; an empty name for one that is on no node, or on one that doesn't matter. */
    readyNodes: z.array(z.string()).optional(),
    /** An endpoint's port that is not restricted to a number is no port of these. */
    ports: z.array(z.looseObject({ protocol: z.enum(['TCP', 'UDP', 'SCTP']), port: z.number().int() })),
  }),
});

export type KubernetesEndpointSlice = Resource<'KubernetesEndpointSlice', SpecOf<typeof kubernetesEndpointSlice>>;
