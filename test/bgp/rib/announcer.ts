import { PrefixTable } from '../../../src/base/index.ts';
import { AttributeList, type RouteEngine } from '../../../src/bgp/rib/index.ts';
import {
  createUpdateView,
  decodeUpdate,
  encodeAnnouncements,
  encodeEndOfRib,
  encodeWithdrawals,
  Slab,
  updateEncoding,
} from '../../../src/bgp/wire/index.ts';
import type { Reader } from './reader.ts';

const view = createUpdateView();

/** The `number`-th /26 from 11.0.0.0 on, as an address. */
export function network(number: number): number {
  return 0x0b000000 + number * 64;
}

/** Has the peer announce or, without LOCAL_PREF, withdraw these networks. */
export function say(engine: RouteEngine, peer: Reader, numbers: readonly number[], localPref?: number): void {
  const prefixes = new PrefixTable(4);
  const indices = numbers.map((number) => prefixes.intern4(network(number), 26));
  const list = { source: prefixes, indices, from: 0, to: indices.length };
  const slab = new Slab();
  const encoding = updateEncoding(peer.negotiated, 'ipv4-unicast');
  if (localPref === undefined) encodeWithdrawals(slab, encoding, list);
  else {
    const attributes = new AttributeList().setOrigin(0).setAsPath([]).setLocalPref(localPref).toBytes();
    const nextHop = Uint8Array.from(peer.config.address.split('.'), Number);
    encodeAnnouncements(slab, encoding, attributes, nextHop, list);
  }
  hear(engine, peer, slab.bytes.subarray(0, slab.length));
}

/** Has the peer say that its table of IPv4 is complete. */
export function endTable(engine: RouteEngine, peer: Reader): void {
  hear(engine, peer, encodeEndOfRib('ipv4-unicast'));
}

function hear(engine: RouteEngine, peer: Reader, messages: Uint8Array): void {
  for (let at = 0; at < messages.length; ) {
    const end = at + ((messages[at + 16] << 8) | messages[at + 17]);
    decodeUpdate(messages, at, end, peer.negotiated, view);
    engine.sessions.update(peer, view, 0);
    at = end;
  }
}
