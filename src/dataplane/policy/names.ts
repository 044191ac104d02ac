import { createHash } from 'node:crypto';
import { type Direction, type HostAsk, type Policy, type Profile, policyIdText } from '../../policy/index.ts';

/** Names of chains and sets: readable where there is room, and unique by a hash. nft's names have their own alphabet. */
const READABLE = 60;

export function chainName(kind: string, of: string): string {
  return `${kind}-${readable(of)}-${hashOf(of)}`;
}

export function setName(kind: 's' | 'i' | 'p', key: string): string {
  return `${kind}-${hashOf(key)}`;
}

export function policyChain(policy: Policy, direction: Direction): string {
  return chainName(direction === 'egress' ? 'po' : 'pi', policyIdText(policy.id));
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

export function hostPolicyChain(policy: Policy, ask: HostAsk): string {
  return chainName(`hp-${ask.replace(' ', '-')}`, policyIdText(policy.id));
}

export function hostProfileChain({ name }: Profile, ask: HostAsk): string {
  return chainName(`hf-${ask.replace(' ', '-')}`, name);
}

function readable(text: string): string {
  const plain = text.replace(/[^A-Za-z0-9.]+/g, '-').replace(/^-+/, '');
  return plain.slice(0, READABLE);
}

/** 96 bits: no two of a million names are alike. */
function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 24);
}
