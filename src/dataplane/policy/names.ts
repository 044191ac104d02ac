import { hash } from 'node:crypto';
import { type Direction, type Policy, type Profile, policyIdText } from '../../policy/index.ts';
import type { HostPlace } from './host-place.ts';

/**
 * Names of chains and sets: readable where there is room, and unique by a hash. nft's names have their own alphabet.
 */
const READABLE = 60;

export function chainName(kind: string, of: string): string {
  return `${kind}-${readable(of)}-${hashOf(of)}`;
}

export function setName(kind: 's' | 'i' | 'p', key: string): string {
  return `${kind}-${hashOf(key)}`;
}

/** The name of the part that is a set, among a table's parts. */
export function setPartName(key: string): string {
  return `set ${key}`;
}

/** The name of the set that the gate of a stretch looks into. */
export function gateSet(stretch: string, what: string): string {
  return `g-${hashOf(`${stretch} ${what}`)}`;
}

/** Policies never change: of each the name is made once, and asked for by its rules, its classes and its stretches. */
const policyChains = { egress: new WeakMap<Policy, string>(), ingress: new WeakMap<Policy, string>() };

export function policyChain(policy: Policy, direction: Direction): string {
  const known = policyChains[direction].get(policy);
  if (known !== undefined) return known;
  const name = chainName(direction === 'egress' ? 'po' : 'pi', policyIdText(policy.id));
  policyChains[direction].set(policy, name);
  return name;
}

export function profileChain({ name }: Profile, direction: Direction): string {
  return chainName(direction === 'egress' ? 'fo' : 'fi', name);
}

export function classChain(key: string): string {
  return chainName('c', key);
}

export function hostClassChain(key: string): string {
  return chainName('hc', key);
}

/** The same class, for what was translated on its way out. */
export function translatedClassChain(key: string): string {
  return chainName('ht', key);
}

export function hostPolicyChain(policy: Policy, place: HostPlace): string {
  return chainName(`hp-${place.replace(' ', '-')}`, policyIdText(policy.id));
}

export function hostProfileChain({ name }: Profile, place: HostPlace): string {
  return chainName(`hf-${place.replace(' ', '-')}`, name);
}

/** The key of a class names all of its policies, which may be thousands: the beginning is nearly always enough. */
function readable(text: string): string {
  const start = plain(text.slice(0, 4 * READABLE));
  return (start.length > READABLE ? start : plain(text)).slice(0, READABLE);
}

function plain(text: string): string {
  return text.replace(/[^A-Za-z0-9.]+/g, '-').replace(/^-+/, '');
}

/** 96 bits: no two of a million names are alike. */
function hashOf(text: string): string {
  return hash('sha256', text).slice(0, 24);
}
