import * as z from 'zod';
import type { Resource } from '../resource.ts';
import { defineKind, type SpecOf } from './definition.ts';
import { cidr, oneOf } from './field.ts';

export const blockAffinity = defineKind({
  kind: 'BlockAffinity',
  plural: 'blockaffinities',
  aliases: [],
  namespaced: false,
  name: 'subdomain',
  spec: z.looseObject({
    /** Empty in old data: confirmed. */
    state: oneOf('pending', 'confirmed', 'pendingDeletion', '').optional(),
    node: z.string(),
    /** Absent in old data: host. */
    type: oneOf('host', 'virtual').optional(),
    cidr,
    /** Marked for deletion. Text in the CRD, a boolean in the API: both are read. */
    deleted: z
      .union([z.boolean(), z.string()])
      .transform((value) => value === true || value === 'true')
      .optional(),
  }),
});

export type BlockAffinitySpec = SpecOf<typeof blockAffinity>;
export type BlockAffinity = Resource<'BlockAffinity', BlockAffinitySpec>;
