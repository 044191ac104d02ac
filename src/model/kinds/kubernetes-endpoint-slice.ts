import * as z from 'zod';
import type { Resource } from '../resource.ts';
import { defineKind, type SpecOf } from './definition.ts';

/**
 * EndpointSlice of `discovery.k8s.io/v1`, as far as policy reads it: some of the addresses behind a Service, each of which
 * has all of the ports. All slices of a Service make up its backends. Ready or not is not among it: Calico counts both.
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
    /** An endpoint's port that is not restricted to a number is no port of these. */
    ports: z.array(z.looseObject({ protocol: z.enum(['TCP', 'UDP', 'SCTP']), port: z.number().int() })),
  }),
});

export type KubernetesEndpointSlice = Resource<'KubernetesEndpointSlice', SpecOf<typeof kubernetesEndpointSlice>>;
