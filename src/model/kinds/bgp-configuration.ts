import * as z from 'zod';
import type { FieldError } from '../errors.ts';
import type { Resource } from '../resource.ts';
import { defineKind, type SpecOf } from './definition.ts';
import {
  asNumber,
  communityValue,
  duration,
  filled,
  interfacePattern,
  logLevel,
  name,
  oneOf,
  routePriority,
  secretKeyRef,
} from './field.ts';
import { ipv4, ipv6, net } from './network-field.ts';

/** Entries without a CIDR say nothing, and are passed over. */
const cidrList = z.array(z.looseObject({ cidr: net.optional() }));

const spec = z
  .looseObject({
    logSeverityScreen: logLevel.optional(),
    nodeToNodeMeshEnabled: z.boolean().optional(),
    asNumber: asNumber.optional(),
    serviceClusterIPs: cidrList.optional(),
    serviceExternalIPs: cidrList.optional(),
    serviceLoadBalancerIPs: cidrList.optional(),
    serviceLoadBalancerAggregation: oneOf('Enabled', 'Disabled').optional(),
    communities: z
      .array(z.looseObject({ name: filled(name), value: communityValue }))
      .max(500)
      .optional(),
    prefixAdvertisements: z
      .array(z.looseObject({ cidr: filled(net), communities: z.array(z.string()).max(50).optional() }))
      .max(500)
      .optional(),
    /** 0 is as good as none: Go can't tell them apart. */
    listenPort: z.number().int().min(0).max(65535).optional(),
    nodeMeshPassword: secretKeyRef.optional(),
    nodeMeshMaxRestartTime: duration.optional(),
    bindMode: oneOf('None', 'NodeIP').optional(),
    ignoredInterfaces: z
      .array(interfacePattern.refine((text) => text !== '*', 'must not be all interfaces'))
      .optional(),
    localWorkloadPeeringIPV4: ipv4.optional(),
    localWorkloadPeeringIPV6: ipv6.optional(),
    programClusterRoutes: oneOf('Enabled', 'Disabled', 'EnabledIPIPOnly', 'EnabledNoEncapOnly').optional(),
    ipv4NormalRoutePriority: routePriority.optional(),
    ipv6NormalRoutePriority: routePriority.optional(),
  })
  .superRefine((config, context) => {
    const names = new Set(config.communities?.map((community) => community.name));
    if (names.size > 0 && !config.prefixAdvertisements?.length) {
      context.addIssue({
        code: 'custom',
        path: ['communities'],
        message: 'communities are defined but not used in prefixAdvertisements',
      });
    }
    config.prefixAdvertisements?.forEach((advertisement, at) => {
      if (advertisement.communities === undefined) {
        const path = ['prefixAdvertisements', at, 'communities'];
        context.addIssue({ code: 'custom', path, message: 'must be specified' });
      }
      advertisement.communities?.forEach((community, index) => {
        if (names.has(community) || communityValue.safeParse(community).success) return;
        const path = ['prefixAdvertisements', at, 'communities', index];
        context.addIssue({ code: 'custom', path, message: 'community used is invalid or not defined' });
      });
    });
    if (config.nodeToNodeMeshEnabled !== false) return;
    for (const field of ['nodeMeshPassword', 'nodeMeshMaxRestartTime'] as const) {
      if (config[field] === undefined) continue;
      context.addIssue({
        code: 'custom',
        path: [field],
        message: `${field} cannot be set when nodeToNodeMeshEnabled is false`,
      });
    }
  });

export const bgpConfiguration = defineKind({
  kind: 'BGPConfiguration',
  plural: 'bgpconfigurations',
  aliases: ['bgpconfiguration', 'bgpconfigurations', 'bgpconfig', 'bgpconfigs'],
  namespaced: false,
  name: 'subdomain',
  guards: ['nodeMeshPassword'],
  rules: defaultOnlyErrors,
  spec,
});

/** Fields that are the cluster's, with Calico's words: `node.NAME` can't have them. */
const DEFAULT_ONLY = {
  nodeToNodeMeshEnabled: 'nodeToNodeMeshEnabled',
  asNumber: 'ASNumber',
  serviceLoadBalancerIPs: 'ServiceLoadBalancerIPs',
  serviceExternalIPs: 'ServiceExternalIPs',
  serviceClusterIPs: 'ServiceClusterIPs',
} as const;

function defaultOnlyErrors(name: string, given: unknown): readonly FieldError[] {
  if (name === 'default') return [];
  const said = given as { readonly [field: string]: unknown };
  return Object.entries(DEFAULT_ONLY).flatMap(([field, word]) => {
    const value = said[field];
    if (value === undefined || (Array.isArray(value) && value.length === 0)) return [];
    const path = `BGPConfiguration.Spec.${word[0].toUpperCase()}${word.slice(1)}`;
    return [{ name: path, value: undefined, reason: `Cannot set ${word} on a non default BGP Configuration.` }];
  });
}

export type BGPConfigurationSpec = SpecOf<typeof bgpConfiguration>;
export type BGPConfiguration = Resource<'BGPConfiguration', BGPConfigurationSpec>;
