import * as z from 'zod';
import type { Resource } from '../resource.ts';
import { defineKind, type SpecOf } from './definition.ts';
import { uint64 } from './field.ts';
import { cidr } from './network-field.ts';

const owner = z.record(z.string(), z.string());

/** The holder of an address; several ordinals may share one. The names are as Calico stores them. */
const attribute = z.looseObject({
  handle_id: z.string().optional(),
  secondary: owner.optional(),
  alternateOwnerAttrs: owner.optional(),
  /** RFC 3339: released then, and cooling down. */
  releasedAt: z.string().optional(),
});

const affinity = z.string().regex(/^(host|virtual):[a-zA-Z0-9.\-_]+$/, "must be 'host:<node>' or 'virtual:<name>'");

/** Checked in one go: a cluster has a million of these numbers, and a schema for each takes half of the start. */
function list<Item>(isItem: (value: unknown) => boolean, message: string) {
  const items = { ...(isItem(null) && { nullable: true }), type: 'integer', minimum: 0 };
  return z
    .custom<readonly Item[]>(Array.isArray, 'must be a list')
    .check(({ value, issues }) => {
      const at = value.findIndex((item) => !isItem(item));
      if (at >= 0) issues.push({ code: 'custom', path: [at], message, input: value[at] });
    })
    .meta({ type: 'array', items });
}

function isOrdinal(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

export const ipamBlock = defineKind({
  kind: 'IPAMBlock',
  plural: 'ipamblocks',
  aliases: [],
  namespaced: false,
  name: 'subdomain',
  essential: 'all',
  spec: z.looseObject({
    cidr,
    /** Absent when nobody's. */
    affinity: affinity.optional(),
    affinityClaimTime: z.string().optional(),
    /** By ordinal: an index into `attributes`, or null when free. */
    allocations: list<number | null>((item) => item === null || isOrdinal(item), 'must be an ordinal or null'),
    /** Free ordinals, the next one to give out first. */
    unallocated: list<number>(isOrdinal, 'must be an ordinal'),
    attributes: z.array(attribute),
    /** Goes up with every change of the block. */
    sequenceNumber: uint64.optional(),
    /** By ordinal as text: the sequence number at which it was given out. */
    sequenceNumberForAllocation: z.record(z.string(), uint64).optional(),
    deleted: z.boolean().optional(),
    /** Calico no longer uses it; always false. */
    strictAffinity: z.boolean().optional(),
  }),
});

export type IPAMBlockSpec = SpecOf<typeof ipamBlock>;
export type IPAMBlock = Resource<'IPAMBlock', IPAMBlockSpec>;
export type AllocationAttribute = IPAMBlockSpec['attributes'][number];
