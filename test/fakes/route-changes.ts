import { type Family, parsePrefix } from '../../src/base/index.ts';
import type { RouteChanges, RouteHow } from '../../src/netlink/index.ts';

/** One change in words: what to do, to which CIDR, and how. */
export type WordedChange = readonly [verb: number, destination: string, how: RouteHow];

/** Columns of `applyRoutes` from changes in words, for tests. */
export function routeChanges(family: Family, changes: readonly WordedChange[]): RouteChanges {
  const words = family === 4 ? 1 : 4;
  const addresses = new Uint32Array(changes.length * words);
  for (const [entry, [, destination]] of changes.entries()) {
    let value = parsePrefixUncut(destination);
    for (let word = words - 1; word >= 0; word--) {
      addresses[entry * words + word] = Number(value & 0xffffffffn);
      value >>= 32n;
    }
  }
  return {
    family,
    count: changes.length,
    addresses,
    lengths: Uint8Array.from(changes, ([, destination]) => Number(destination.split('/')[1])),
    verbs: Uint8Array.from(changes, ([verb]) => verb),
    howIndex: Uint32Array.from(changes, (_, entry) => entry),
    hows: changes.map(([, , how]) => how),
  };
}

/** Host bits are kept, so that a test can hand the kernel a wrong prefix. */
function parsePrefixUncut(cidr: string): bigint {
  const full = cidr.includes(':') ? 128 : 32;
  return parsePrefix(`${cidr.split('/')[0]}/${full}`).value;
}
