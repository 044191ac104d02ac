import { addressBits, type Prefix, subnet } from '../base/index.ts';

/** FNV-1 (not 1a), 32 bit, of UTF-8 text: the seed by which hosts start their walks far from each other. */
export function fnv1(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash, 0x01000193) ^ byte;
  return hash >>> 0;
}

/** Well-mixed 64 bits of a seed (the finaliser of splitmix64). */
function mixed(seed: number): bigint {
  let z = (BigInt(seed) * 0x9e3779b97f4a7c15n) & MASK64;
  z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK64;
  z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & MASK64;
  return z ^ (z >> 31n);
}

const MASK64 = (1n << 64n) - 1n;

/**
 * Where a host's walk through a pool begins: far from each other for different hosts, so that nodes which start
 * together don't fight for the same block. Blocks of one address each are crossed by too many walks: there, time decides.
 */
export function walkStart(pool: Prefix, blockSize: number, hostname: string, wallTime: number): bigint {
  const count = 1n << BigInt(blockSize - pool.length);
  const seed = blockSize === addressBits(pool.family) ? Math.trunc(wallTime * 1000) : fnv1(hostname);
  return mixed(seed) % count;
}

/** All blocks of a pool, once each, round from the start. */
export function* blockWalk(pool: Prefix, blockSize: number, hostname: string, wallTime: number): Generator<Prefix> {
  const count = 1n << BigInt(blockSize - pool.length);
  const start = walkStart(pool, blockSize, hostname, wallTime);
  for (let step = 0n; step < count; step++) yield subnet(pool, blockSize, (start + step) % count);
}
