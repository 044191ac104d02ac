import * as z from 'zod';
import { tryParseInterfaceAddress } from '../../base/index.ts';
import { isObject } from '../clean.ts';
import type { Resource } from '../resource.ts';
import { defineKind, type SpecOf } from './definition.ts';
import { uint64 } from './field.ts';
import { blockCidr } from './network-field.ts';

const owner = z.record(z.string(), z.string());

/** The holder of an address; several ordinals may share one. The names are as Calico stores them. */
const attribute = z.looseObject({
  handle_id: z.string().optional(),
  secondary: owner.optional(),
  alternateOwnerAttrs: owner.optional(),
  /** RFC 3339: released then, and cooling down. */
  releasedAt: z.string().optional(),
});

const AFFINITY = /^(host|virtual):[a-zA-Z0-9.\-_]+$/;
const affinity = z.string().regex(AFFINITY, "must be 'host:<node>' or 'virtual:<name>'");

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

function isTexts(value: unknown): boolean {
  return isObject(value) && Object.values(value).every((text) => typeof text === 'string');
}

function isSequenceNumber(value: unknown): boolean {
  return typeof value === 'bigint' && value >= 0n && value < 1n << 64n;
}

function isPlainAttribute(value: unknown): boolean {
  if (!isObject(value)) return false;
  for (const name of Object.keys(value)) {
    const isPlain =
      name === 'secondary' || name === 'alternateOwnerAttrs'
        ? isTexts(value[name])
        : (name === 'handle_id' || name === 'releasedAt') && typeof value[name] === 'string';
    if (!isPlain) return false;
  }
  return true;
}

function isPlainField(name: string, value: unknown): boolean {
  switch (name) {
    case 'cidr':
      return typeof value === 'string' && value.includes('/') && tryParseInterfaceAddress(value) !== undefined;
    case 'affinity':
      return typeof value === 'string' && AFFINITY.test(value);
    case 'affinityClaimTime':
      return typeof value === 'string';
    case 'allocations':
      return Array.isArray(value) && value.every((item) => item === null || isOrdinal(item));
    case 'unallocated':
      return Array.isArray(value) && value.every(isOrdinal);
    case 'attributes':
      return Array.isArray(value) && value.every(isPlainAttribute);
    case 'sequenceNumber':
      return isSequenceNumber(value);
    case 'sequenceNumberForAllocation':
      return isObject(value) && Object.values(value).every(isSequenceNumber);
    case 'deleted':
    case 'strictAffinity':
      return typeof value === 'boolean';
    default:
      return false;
  }
}

const REQUIRED = ['cidr', 'allocations', 'unallocated', 'attributes'];

export const ipamBlock = defineKind({
  kind: 'IPAMBlock',
  plural: 'ipamblocks',
  aliases: [],
  namespaced: false,
  name: 'subdomain',
  essential: 'all',
  plain: (spec) =>
    REQUIRED.every((name) => name in spec) && Object.keys(spec).every((name) => isPlainField(name, spec[name])),
  spec: z.looseObject({
    cidr: blockCidr,
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
