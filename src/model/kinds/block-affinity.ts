import * as z from 'zod';
import type { Resource } from '../resource.ts';
import { defineKind, type SpecOf } from './definition.ts';
import { oneOf } from './field.ts';
import { blockCidr } from './network-field.ts';

export const blockAffinity = defineKind({
  kind: 'BlockAffinity',
  plural: 'blockaffinities',
  aliases: [],
  namespaced: false,
  name: 'subdomain',
  essential: 'all',
  rules: (_, spec) => {
    if (!(spec as { readonly deleted?: boolean }).deleted) return [];
    return [{ name: 'Spec.Deleted', value: true, reason: 'spec.Deleted cannot be set to true' }];
  },
  spec: z.looseObject({
    /** Empty in old data: confirmed. */
    state: oneOf('pending', 'confirmed', 'pendingDeletion', '').optional(),
    node: z.string(),
    /** Absent in old data: host. */
    type: oneOf('host', 'virtual').optional(),
    cidr: blockCidr,
    /** Marked for deletion. Text in the CRD, a boolean in the API: both are read. */
    deleted: z
      .union([z.boolean(), z.string()])
      .transform((value) => value === true || value === 'true')
      .optional(),
  }),
});

export type BlockAffinitySpec = SpecOf<typeof blockAffinity>;
export type BlockAffinity = Resource<'BlockAffinity', BlockAffinitySpec>;
