import * as z from 'zod';
import type { Resource } from '../resource.ts';
import { defineKind, type SpecOf } from './definition.ts';
import { oneOf } from './field.ts';

export const calicoNodeStatus = defineKind({
  kind: 'CalicoNodeStatus',
  plural: 'caliconodestatuses',
  aliases: ['caliconodestatus', 'caliconodestatuses', 'nodestatus', 'nodestatuses'],
  namespaced: false,
  name: 'subdomain',
  spec: z.looseObject({
    node: z.string().optional(),
    classes: z.array(oneOf('Agent', 'BGP', 'Routes')).optional(),
    /** 0: never again after the first. */
    updatePeriodSeconds: z.number().int().min(0).max(86400).optional(),
  }),
});

export type CalicoNodeStatus = Resource<'CalicoNodeStatus', SpecOf<typeof calicoNodeStatus>>;
