import { encodeAnnouncements, encodeEndOfRib, MAX_EXTENDED_MESSAGE, Slab } from '../../wire/index.ts';
import type { FamilyRib } from '../family-rib.ts';
import type { Source } from '../pool/source.ts';
import type { Ribs } from '../ribs.ts';

/**
 * Everything that the peer has announced, before policy, as UPDATEs made anew (four-octet AS numbers, long messages),
 * with End-of-RIB after each family.
 */
export function* receivedUpdates(ribs: Ribs, address: string): Generator<Uint8Array> {
  const { source, negotiated } = ribs.peers.get(address) ?? {};
  if (source === undefined || negotiated === undefined) return;
  for (const name of negotiated.families) {
    yield* updatesOf(ribs, ribs.families[name], source, negotiated.addPathReceive.includes(name));
    yield encodeEndOfRib(name);
  }
}

function* updatesOf(ribs: Ribs, { name, rib }: FamilyRib, source: Source, addPath: boolean): Generator<Uint8Array> {
  const { paths, prefixes } = rib;
  const encoding = {
    family: name,
    fourOctetAs: true,
    addPath,
    maxMessage: MAX_EXTENDED_MESSAGE,
    multiprotocol: name !== 'ipv4-unicast',
  };
  const alike = new Map<number, number[]>();
  rib.each(source, (path) => {
    const key = paths.received(path) * 2 ** 21 + paths.nextHop[path];
    const list = alike.get(key);
    if (list) list.push(path);
    else alike.set(key, [path]);
  });
  for (const list of alike.values()) {
    const slab = new Slab(4096);
    const attributes = ribs.pool.bytes(paths.received(list[0]));
    const nextHop = ribs.nextHops.bytes(paths.nextHop[list[0]]);
    const indices = list.map((path) => paths.prefix[path]);
    const pathIds = addPath ? { pathIds: list.map((path) => paths.pathId(path)) } : {};
    encodeAnnouncements(slab, encoding, attributes, nextHop, {
      source: prefixes,
      indices,
      from: 0,
      to: list.length,
      ...pathIds,
    });
    yield* messagesIn(slab.view());
  }
}

function* messagesIn(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; ) {
    const end = at + ((bytes[at + 16] << 8) | bytes[at + 17]);
    yield bytes.subarray(at, end);
    at = end;
  }
}
