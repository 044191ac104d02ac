import * as z from 'zod';
import type { Resource } from '../resource.ts';
import { defineKind, type Present, type SpecOf, singleton } from './definition.ts';
import { oneOf } from './field.ts';

const spec = z
  .looseObject({
    strictAffinity: z.boolean().optional(),
    /** 0: the built-in 20. */
    maxBlocksPerHost: z.number().int().min(0).optional(),
    autoAllocateBlocks: z.boolean().optional(),
    kubeVirtVMAddressPersistence: oneOf('Enabled', 'Disabled').optional(),
    ipCooldownSeconds: z.number().int().min(0).max(1200).optional(),
  })
  .superRefine((config, context) => {
    const strict = config.strictAffinity ?? false;
    if (!strict && config.autoAllocateBlocks === false) {
      const message = 'must be true unless StrictAffinity is true: with both false no address can be assigned';
      context.addIssue({ code: 'custom', path: ['autoAllocateBlocks'], message });
    }
    if (!strict && (config.maxBlocksPerHost ?? 0) > 0) {
      context.addIssue({ code: 'custom', path: ['maxBlocksPerHost'], message: 'needs StrictAffinity to be true' });
    }
  });

export const ipamConfiguration = defineKind({
  kind: 'IPAMConfiguration',
  plural: 'ipamconfigurations',
  aliases: ['ipamconfiguration', 'ipamconfigurations', 'ipamconfig', 'ipamconfigs'],
  namespaced: false,
  name: singleton,
  spec,
  crd: { kind: 'IPAMConfig', plural: 'ipamconfigs' },
});

export type IPAMConfigurationSpec = SpecOf<typeof ipamConfiguration>;
export type IPAMConfiguration = Resource<'IPAMConfiguration', IPAMConfigurationSpec>;
export type EffectiveIPAMConfiguration = Present<
  IPAMConfigurationSpec,
  'strictAffinity' | 'maxBlocksPerHost' | 'autoAllocateBlocks' | 'kubeVirtVMAddressPersistence' | 'ipCooldownSeconds'
>;

/** Calico's defaults where the object, or a field of it, is missing. */
export function effectiveIPAMConfiguration(config: IPAMConfiguration | undefined): EffectiveIPAMConfiguration {
  const spec = config?.spec ?? {};
  return {
    ...spec,
    strictAffinity: spec.strictAffinity ?? false,
    maxBlocksPerHost: spec.maxBlocksPerHost ?? 0,
    autoAllocateBlocks: spec.autoAllocateBlocks ?? true,
    kubeVirtVMAddressPersistence: spec.kubeVirtVMAddressPersistence ?? 'Enabled',
    ipCooldownSeconds: spec.ipCooldownSeconds ?? 0,
  };
}
