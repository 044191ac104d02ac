import {
  type Family,
  formatIpv4,
  formatIpv6,
  type InterfaceAddress,
  parsePrefix,
  tryParseInterfaceAddress,
} from '../../src/base/index.ts';
import type { FibInfo, Route, RouteChanges } from '../../src/netlink/index.ts';

/** One change in words: what to do, to which CIDR, and how. */
export type WordedChange = readonly [verb: number, destination: string, info: FibInfo];

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
    infoIndex: Uint32Array.from(changes, (_, entry) => entry),
    infos: changes.map(([, , info]) => info),
  };
}

/** Host bits are kept, so that a test can hand the kernel a wrong prefix. */
function parsePrefixUncut(cidr: string): bigint {
  const full = cidr.includes(':') ? 128 : 32;
  return parsePrefix(`${cidr.split('/')[0]}/${full}`).value;
}

/** Entry of the columns as a whole route, with the defaults that the kernel fills in. */
export function routeOf({ family, addresses, lengths, infoIndex, infos }: RouteChanges, entry: number): Route {
  const info = infos[infoIndex[entry]];
  const text = family === 4 ? formatIpv4(addresses[entry]) : formatIpv6(wide(addresses, entry * 4));
  const direct = info.kind === 'unicast' && info.nextHops.every(({ via }) => via === undefined);
  const scope = family === 6 ? 'global' : (info.scope ?? (direct ? 'link' : 'global'));
  const metric = info.metric ?? (family === 6 ? 1024 : undefined);
  const { length } = tryParseInterfaceAddress(`${text}/${lengths[entry]}`) as InterfaceAddress;
  return { ...info, family, destination: `${text}/${length}`, scope, ...(metric === undefined ? {} : { metric }) };
}

function wide(words: Uint32Array, at: number): bigint {
  let value = 0n;
  for (let word = at; word < at + 4; word++) value = (value << 32n) | BigInt(words[word]);
  return value;
}
