import type { FilterRule } from '../api.ts';
import { parseCommunity } from './community.ts';

/** The parts of an attribute list that `set` can change. */
export interface EditableAttributes {
  communities(): readonly number[];
  setCommunities(values: Iterable<number>): unknown;
  extendedCommunities(): readonly bigint[];
  setExtendedCommunities(values: Iterable<bigint>): unknown;
  largeCommunities(): readonly string[];
  setLargeCommunities(texts: Iterable<string>): unknown;
  prependAsPath(asns: readonly number[]): unknown;
  setLocalPref(value: number): unknown;
  setMed(value: number): unknown;
}

/** Does to the attributes what a rule's `set` says. */
export function amend(attributes: EditableAttributes, set: NonNullable<FilterRule['set']>): void {
  if (set.addCommunities?.length) addCommunities(attributes, set.addCommunities);
  if (set.prependAsPath?.length) attributes.prependAsPath(set.prependAsPath);
  if (set.localPref !== undefined) attributes.setLocalPref(set.localPref);
  if (set.med !== undefined) attributes.setMed(set.med);
}

/** Adds communities of any kind to those that are there. */
export function addCommunities(attributes: EditableAttributes, texts: readonly string[]): void {
  const parsed = texts.map((text) => parseCommunity(text));
  const standard = parsed.flatMap((community) => (community.kind === 'standard' ? [community.value] : []));
  const extended = parsed.flatMap((community) => (community.kind === 'extended' ? [community.value] : []));
  const large = parsed.flatMap((community) => (community.kind === 'large' ? [community.text] : []));
  if (standard.length > 0) attributes.setCommunities([...attributes.communities(), ...standard]);
  if (extended.length > 0) attributes.setExtendedCommunities([...attributes.extendedCommunities(), ...extended]);
  if (large.length > 0) attributes.setLargeCommunities([...attributes.largeCommunities(), ...large]);
}
