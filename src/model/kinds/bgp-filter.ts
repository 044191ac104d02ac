import * as z from 'zod';
import type { Resource } from '../resource.ts';
import { defineKind, type SpecOf } from './definition.ts';
import { asNumber, communityValue, interfacePattern, oneOf, routePriority } from './field.ts';
import { netv4, netv6 } from './network-field.ts';

const operation = z.looseObject({
  addCommunity: z.looseObject({ value: communityValue }).optional(),
  prependASPath: z.looseObject({ prefix: z.array(asNumber).min(1).max(10) }).optional(),
  setPriority: z.looseObject({ value: routePriority }).optional(),
});

const operationNames = ['addCommunity', 'prependASPath', 'setPriority'] as const;

function rule(cidr: typeof netv4, longest: number) {
  return z
    .looseObject({
      cidr: cidr.optional(),
      matchOperator: oneOf('Equal', 'NotEqual', 'In', 'NotIn').optional(),
      prefixLength: z
        .looseObject({
          min: z.number().int().min(0).max(longest).optional(),
          max: z.number().int().min(0).max(longest).optional(),
        })
        .optional(),
      source: oneOf('RemotePeers').optional(),
      interface: interfacePattern.optional(),
      peerType: oneOf('eBGP', 'iBGP').optional(),
      communities: z.looseObject({ values: z.array(communityValue).length(1) }).optional(),
      asPathPrefix: z.array(asNumber).optional(),
      priority: routePriority.optional(),
      action: oneOf('Accept', 'Reject'),
      operations: z.array(operation).min(1).max(10).optional(),
    })
    .superRefine((filter, context) => {
      const wrong = (path: (string | number)[], message: string): void =>
        context.addIssue({ code: 'custom', path, message });
      if ((filter.cidr === undefined) !== (filter.matchOperator === undefined)) {
        wrong(
          [filter.cidr === undefined ? 'cidr' : 'matchOperator'],
          'cidr and matchOperator must both be set or both be empty',
        );
      }
      if (filter.prefixLength !== undefined && filter.cidr === undefined)
        wrong(['prefixLength'], 'cidr is required when prefixLength is set');
      if (filter.operations !== undefined && filter.action !== 'Accept') {
        wrong(['operations'], 'operations may only be used with action Accept');
      }
      filter.operations?.forEach((entry, at) => {
        if (operationNames.filter((name) => entry[name] !== undefined).length === 1) return;
        wrong(['operations', at], `exactly one of ${operationNames.join(', ')}`);
      });
    });
}

const ruleV4 = rule(netv4, 32);
const ruleV6 = rule(netv6, 128);

export const bgpFilter = defineKind({
  kind: 'BGPFilter',
  plural: 'bgpfilters',
  aliases: ['bgpfilter', 'bgpfilters', 'bgpf', 'bgpfs', 'bf', 'bfs'],
  namespaced: false,
  name: 'subdomain',
  spec: z.looseObject({
    exportV4: z.array(ruleV4).optional(),
    importV4: z.array(ruleV4).optional(),
    exportV6: z.array(ruleV6).optional(),
    importV6: z.array(ruleV6).optional(),
  }),
});

export type BGPFilterSpec = SpecOf<typeof bgpFilter>;
export type BGPFilter = Resource<'BGPFilter', BGPFilterSpec>;
export type BGPFilterRule = NonNullable<BGPFilterSpec['exportV4']>[number];
