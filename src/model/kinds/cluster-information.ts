import * as z from 'zod';
import type { Resource } from '../resource.ts';
import { defineKind, type SpecOf, singleton } from './definition.ts';

export const clusterInformation = defineKind({
  kind: 'ClusterInformation',
  plural: 'clusterinformations',
  aliases: ['clusterinformation', 'clusterinformations', 'clusterinfo', 'clusterinfos'],
  namespaced: false,
  name: singleton,
  spec: z.looseObject({
    clusterGUID: z.string().optional(),
    /** A comma list: `k8s,bgp`. */
    clusterType: z.string().optional(),
    calicoVersion: z.string().optional(),
    /** While false, CNI and components refuse to work. */
    datastoreReady: z.boolean().optional(),
    variant: z.string().optional(),
  }),
});

export type ClusterInformationSpec = SpecOf<typeof clusterInformation>;
export type ClusterInformation = Resource<'ClusterInformation', ClusterInformationSpec>;
