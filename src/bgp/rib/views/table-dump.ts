import { formatAddress } from '../../../base/index.ts';
import { encodePeerIndex, encodeRib, type MrtEntry } from '../../mrt/index.ts';
import type { FamilyRib } from '../family-rib.ts';
import { NO_PATH } from '../pool/path-pool.ts';
import { LOCAL } from '../pool/source.ts';
import type { Ribs } from '../ribs.ts';

/**
 * All that peers have announced, before policy, as MRT records of TABLE_DUMP_V2. `at`: wall-clock milliseconds, for
 * the records and, since it is not kept when a path came, for the paths too. Routes of our own are no peer's and are
 * left out.
 */
export function* tableDump(ribs: Ribs, at: number): Generator<Uint8Array> {
  const places = new Map<number, number>();
  const peers = [...ribs.peers.values()].flatMap(({ source }) => {
    if (source === undefined) return [];
    places.set(source.index, places.size);
    return [{ routerId: source.routerId, address: formatAddress(source.address), asn: source.peerAs }];
  });
  yield encodePeerIndex(at, ribs.local.routerId, '', peers);
  let sequence = 0;
  for (const routes of ribs.all) {
    const { prefixes, head } = routes.rib;
    for (let prefix = 0; prefix < prefixes.limit; prefix++) {
      if (!prefixes.has(prefix) || head[prefix] === NO_PATH) continue;
      const entries = entriesOf(ribs, routes, prefix, places, at);
      for (const list of [entries.plain, entries.withIds]) {
        if (list.length > 0) yield encodeRib(at, sequence++, octets(routes, prefix), prefixes.length(prefix), list);
      }
    }
  }
}

/** Paths with an identifier go into a record of their own. */
function entriesOf(
  { pool, nextHops }: Ribs,
  { rib }: FamilyRib,
  prefix: number,
  places: ReadonlyMap<number, number>,
  originated: number,
): { plain: MrtEntry[]; withIds: MrtEntry[] } {
  const { paths, head } = rib;
  const plain: MrtEntry[] = [];
  const withIds: MrtEntry[] = [];
  for (let path = head[prefix]; path !== NO_PATH; path = paths.next[path]) {
    const peer = places.get(paths.source[path]);
    if (paths.source[path] === LOCAL || peer === undefined) continue;
    const attributes = pool.bytes(paths.received(path));
    const entry = { peer, originated, attributes, nextHop: nextHops.bytes(paths.nextHop[path]) };
    const pathId = paths.pathId(path);
    if (pathId === 0) plain.push(entry);
    else withIds.push({ ...entry, pathId });
  }
  return { plain, withIds };
}

function octets({ rib }: FamilyRib, prefix: number): Uint8Array {
  const { prefixes } = rib;
  const bytes = new Uint8Array(prefixes.words * 4);
  const fields = new DataView(bytes.buffer);
  for (let word = 0; word < prefixes.words; word++) fields.setUint32(word * 4, prefixes.address(prefix, word));
  return bytes;
}
