import * as z from 'zod';
import type { Resource } from '../resource.ts';
import { defineKind, type SpecOf } from './definition.ts';
import { selector } from './field.ts';
import { checkPolicy, deletesNothing, policyFields, stagedAction } from './network-policy.ts';

const fields = {
  ...policyFields,
  namespaceSelector: selector.max(1024).optional(),
  doNotTrack: z.boolean().optional(),
  preDNAT: z.boolean().optional(),
  applyOnForward: z.boolean().optional(),
};

/** The rules of doNotTrack, preDNAT and applyOnForward among each other. */
function checkHooks(policy: z.output<z.ZodObject<typeof fields>>, context: z.RefinementCtx): void {
  checkPolicy(policy, context, true);
  const wrong = (field: string, message: string): void => context.addIssue({ code: 'custom', path: [field], message });
  if (policy.doNotTrack && policy.preDNAT)
    wrong('preDNAT', 'PreDNAT and DoNotTrack cannot both be true, for a given policy');
  if ((policy.doNotTrack || policy.preDNAT) && policy.applyOnForward !== true) {
    wrong('applyOnForward', 'ApplyOnForward must be true if either PreDNAT or DoNotTrack is true, for a given policy');
  }
  if (!policy.preDNAT) return;
  if ((policy.egress?.length ?? 0) > 0) wrong('egress', 'PreDNAT GlobalNetworkPolicy cannot have any Egress rules');
  if (policy.types?.includes('Egress')) wrong('types', "PreDNAT GlobalNetworkPolicy cannot have 'Egress' Type");
}

export const globalNetworkPolicy = defineKind({
  kind: 'GlobalNetworkPolicy',
  plural: 'globalnetworkpolicies',
  aliases: ['globalnetworkpolicy', 'globalnetworkpolicies', 'gnp', 'gnps'],
  namespaced: false,
  name: 'global policy',
  ownReader: true,
  spec: z.looseObject(fields).superRefine(checkHooks),
});

export const stagedGlobalNetworkPolicy = defineKind({
  kind: 'StagedGlobalNetworkPolicy',
  plural: 'stagedglobalnetworkpolicies',
  aliases: ['stagedglobalnetworkpolicy', 'stagedglobalnetworkpolicies', 'sgnp', 'sgnps'],
  namespaced: false,
  name: 'global policy',
  ownReader: true,
  spec: z.looseObject({ ...fields, stagedAction: stagedAction.optional() }).superRefine((policy, context) => {
    if (policy.stagedAction === 'Delete') deletesNothing(policy, context, ['tier']);
    else checkHooks(policy, context);
  }),
});

export type GlobalNetworkPolicySpec = SpecOf<typeof globalNetworkPolicy>;
export type GlobalNetworkPolicy = Resource<'GlobalNetworkPolicy', GlobalNetworkPolicySpec>;
export type StagedGlobalNetworkPolicy = Resource<'StagedGlobalNetworkPolicy', SpecOf<typeof stagedGlobalNetworkPolicy>>;
