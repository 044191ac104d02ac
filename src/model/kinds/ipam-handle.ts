import * as z from 'zod';
import type { Resource } from '../resource.ts';
import { defineKind, type SpecOf } from './definition.ts';

export const ipamHandle = defineKind({
  kind: 'IPAMHandle',
  plural: 'ipamhandles',
  aliases: [],
  namespaced: false,
  name: 'any',
  essential: 'all',
  spec: z.looseObject({
    /** In its own case; the object's name is lower-case. */
    handleID: z.string(),
    /** How many addresses it holds in each block, by the block's CIDR. */
    block: z.record(z.string(), z.number().int()),
    deleted: z.boolean().optional(),
  }),
});

export type IPAMHandleSpec = SpecOf<typeof ipamHandle>;
export type IPAMHandle = Resource<'IPAMHandle', IPAMHandleSpec>;
