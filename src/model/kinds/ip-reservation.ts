import * as z from 'zod';
import type { Resource } from '../resource.ts';
import { defineKind, type SpecOf } from './definition.ts';
import { ipNetwork } from './network-field.ts';

export const ipReservation = defineKind({
  kind: 'IPReservation',
  plural: 'ipreservations',
  aliases: ['ipreservation', 'ipreservations', 'reservation', 'reservations'],
  namespaced: false,
  name: 'subdomain',
  spec: z.looseObject({ reservedCIDRs: z.array(ipNetwork).optional() }),
});

export type IPReservationSpec = SpecOf<typeof ipReservation>;
export type IPReservation = Resource<'IPReservation', IPReservationSpec>;
