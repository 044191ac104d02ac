import * as z from 'zod';
import type { FieldError } from '../errors.ts';
import type { Resource } from '../resource.ts';
import { defineKind, type SpecOf } from './definition.ts';
import { oneOf } from './field.ts';

export const tier = defineKind({
  kind: 'Tier',
  plural: 'tiers',
  aliases: ['tier', 'tiers'],
  namespaced: false,
  name: 'label',
  ownReader: true,
  rules: builtInErrors,
  spec: z.looseObject({
    /** Absent: last. */
    order: z.number().optional(),
    defaultAction: oneOf('Deny', 'Pass').optional(),
  }),
});

export type TierSpec = SpecOf<typeof tier>;
export type Tier = Resource<'Tier', TierSpec>;

/** The orders and actions that some tiers always have. */
export const builtInTiers: Readonly<Record<string, Required<Pick<TierSpec, 'order' | 'defaultAction'>>>> = {
  default: { order: 1_000_000, defaultAction: 'Deny' },
  'kube-admin': { order: 1_000, defaultAction: 'Pass' },
  'kube-baseline': { order: 10_000_000, defaultAction: 'Pass' },
};

/** The fixed settings of a tier of this name; undefined for all others. */
export function builtInTier(name: string): Required<Pick<TierSpec, 'order' | 'defaultAction'>> | undefined {
  return Object.hasOwn(builtInTiers, name) ? builtInTiers[name] : undefined;
}

function builtInErrors(name: string, spec: unknown): readonly FieldError[] {
  const always = builtInTier(name);
  if (always === undefined) return [];
  // Without an action it gets the right one (`fillDefaults`).
  const { order, defaultAction = always.defaultAction } = spec as TierSpec;
  const wrong: FieldError[] = [];
  if (order !== always.order) {
    wrong.push({ name: 'TierSpec.Order', value: order, reason: `${name} tier order must be ${always.order}` });
  }
  if (defaultAction !== always.defaultAction) {
    const reason = `The '${name}' tier must have default action '${always.defaultAction}'`;
    wrong.push({ name: 'TierSpec.DefaultAction', value: defaultAction, reason });
  }
  return wrong;
}
