import * as z from 'zod';
import type { Resource } from '../resource.ts';
import { defineKind, type SpecOf } from './definition.ts';
import { ipNetwork } from './network-field.ts';

/** Its labels are what selectors match. */
const spec = z.looseObject({ nets: z.array(ipNetwork).optional() });

export const networkSet = defineKind({
  kind: 'NetworkSet',
  plural: 'networksets',
  aliases: ['networkset', 'networksets', 'netset', 'netsets'],
  namespaced: true,
  name: 'subdomain',
  ownReader: true,
  spec,
  // Where the namespace of a set's members stands in the old data model.
  foreignLabels: ['projectcalico.org/namespace'],
});

export const globalNetworkSet = defineKind({
  kind: 'GlobalNetworkSet',
  plural: 'globalnetworksets',
  aliases: ['globalnetworkset', 'globalnetworksets', 'gnetset', 'gnetsets'],
  namespaced: false,
  name: 'subdomain',
  ownReader: true,
  spec,
  // Where the namespace of a set's members stands in the old data model.
  foreignLabels: ['projectcalico.org/namespace'],
});

export type NetworkSet = Resource<'NetworkSet', SpecOf<typeof networkSet>>;
export type GlobalNetworkSet = Resource<'GlobalNetworkSet', SpecOf<typeof globalNetworkSet>>;
