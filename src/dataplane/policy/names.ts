import { createHash } from 'node:crypto';

/** Names of chains and sets: readable where there is room, and unique by a hash. nft's names have their own alphabet. */
const READABLE = 60;

export function chainName(kind: string, of: string): string {
  return `${kind}-${readable(of)}-${hashOf(of)}`;
}

export function setName(kind: 's' | 'i' | 'p', key: string): string {
  return `${kind}-${hashOf(key)}`;
}

function readable(text: string): string {
  const plain = text.replace(/[^A-Za-z0-9.]+/g, '-').replace(/^-+/, '');
  return plain.slice(0, READABLE);
}

/** 96 bits: no two of a million names are alike. */
function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 24);
}
