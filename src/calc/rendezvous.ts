/**
 * Rendezvous hashing: of those who could have a thing, whoever has the highest score has it. Everybody works out the same, and of
 * one that goes, the others take each a part.
 */
export function scoreOf(thing: number, taker: number): number {
  return mixed(thing ^ taker);
}

/** FNV-1a, 32 bits. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}

/** The finaliser of MurmurHash3: one bit of difference changes half of them. */
function mixed(seed: number): number {
  let hash = seed;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
