import * as z from 'zod';
import type { Resource } from '../resource.ts';
import { defineKind, type SpecOf } from './definition.ts';
import { labels } from './field.ts';
import { rule } from './rule.ts';

export const profile = defineKind({
  kind: 'Profile',
  plural: 'profiles',
  aliases: ['profile', 'profiles', 'pro', 'pros'],
  namespaced: false,
  name: 'subdomain',
  ownReader: true,
  spec: z.looseObject({
    ingress: z.array(rule).optional(),
    egress: z.array(rule).optional(),
    labelsToApply: labels.optional(),
  }),
});

export type ProfileSpec = SpecOf<typeof profile>;
export type Profile = Resource<'Profile', ProfileSpec>;
