import * as z from 'zod';
import type { Resource } from '../resource.ts';
import { defineKind, type SpecOf } from './definition.ts';
import { name, oneOf } from './field.ts';

export const calicoNodeStatus = defineKind({
  kind: 'CalicoNodeStatus',
  plural: 'caliconodestatuses',
  aliases: ['caliconodestatus', 'caliconodestatuses', 'nodestatus', 'nodestatuses'],
  namespaced: false,
  name: 'subdomain',
  spec: z
    .looseObject({
      node: name.optional(),
      classes: z
        .array(oneOf('Agent', 'BGP', 'Routes'))
        .refine((classes) => new Set(classes).size === classes.length, 'names a class twice')
        .optional(),
      /** 0: never again after the first. */
      updatePeriodSeconds: z.number().int().min(0).max(86400).optional(),
    })
    .superRefine((spec, context) => {
      for (const field of ['node', 'classes', 'updatePeriodSeconds'] as const) {
        if (spec[field] !== undefined && spec[field] !== '') continue;
        context.addIssue({ code: 'custom', path: [field], message: 'must be specified' });
      }
    }),
});

export type CalicoNodeStatus = Resource<'CalicoNodeStatus', SpecOf<typeof calicoNodeStatus>>;
