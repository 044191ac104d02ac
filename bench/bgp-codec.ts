/**
 * The BGP codec alone: what a prefix and a message cost to read and to write. `node bench/bgp-codec.ts`.
 * Each figure is the best of many rounds, since everything that disturbs a round makes it slower.
 */

import {
  createUpdateView,
  decodeUpdate,
  encodeAnnouncements,
  encodeWithdrawals,
  Framer,
  ipFamily,
  type PrefixList,
  Slab,
  updateEncoding,
} from '../src/bgp/wire/index.ts';
import { decodeNlri } from '../src/bgp/wire/nlri.ts';
import { decodeAttributes, encodeAttributes } from '../test/bgp/wire/attributes.ts';
import { consecutive, session } from '../test/bgp/wire/wire.ts';

const PREFIXES = 100_000;
const ROUNDS = 40;

const settled = session();

/** Nanoseconds for each of `count` things that `work` does, at best. */
function measure(what: string, unit: string, count: number, work: () => void): void {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    work();
    best = Math.min(best, performance.now() - start);
  }
  const nanoseconds = (best * 1e6) / count;
  console.log(`${what.padEnd(52)} ${nanoseconds.toFixed(1).padStart(8)} ns a ${unit}`);
}

const view = createUpdateView();

/** Reads a stream of whole messages. */
function read(stream: Uint8Array): void {
  const framer = new Framer();
  framer.push(stream);
  while (framer.next() === 'message') decodeUpdate(framer.bytes, framer.start, framer.end, settled, view);
}

/** Prefixes of a section: about what one message has room for. */
const SECTION = 200;

/** The first prefixes of the list as they lie in a message. */
function nlri({ source }: PrefixList): Uint8Array {
  const octets: number[] = [];
  for (let at = 0; at < SECTION; at++) {
    const length = source.length(at);
    octets.push(length);
    for (let octet = 0; octet < length / 8; octet++) {
      octets.push((source.address(at, octet >> 2) >>> (24 - 8 * (octet & 3))) & 255);
    }
  }
  return Uint8Array.from(octets);
}

const attributes = encodeAttributes({
  origin: 0,
  asPath: [{ kind: 'sequence', asns: [65001, 65002, 65003] }],
  localPref: 100,
  communities: [0xfde80001, 0xfde80002],
});
const NEXT_HOPS = {
  'ipv4-unicast': Uint8Array.of(10, 0, 0, 1),
  'ipv6-unicast': new Uint8Array(16).fill(0x20),
} as const;

for (const [family, length] of [
  ['ipv4-unicast', 24],
  ['ipv4-unicast', 26],
  ['ipv6-unicast', 64],
  ['ipv6-unicast', 122],
] as const) {
  const list = consecutive(ipFamily(family), PREFIXES, length);
  const encoding = updateEncoding(settled, family);
  const nextHop = NEXT_HOPS[family];
  const slab = new Slab(8 << 20);
  const name = `${family} /${length}`;
  measure(`${name}: write full UPDATEs`, 'prefix', PREFIXES, () => {
    encodeAnnouncements(slab.reset(), encoding, attributes, nextHop, list);
  });
  const full = slab.view().slice();
  measure(`${name}: frame and read full UPDATEs`, 'prefix', PREFIXES, () => read(full));
  measure(`${name}: write withdrawals`, 'prefix', PREFIXES, () => {
    encodeWithdrawals(slab.reset(), encoding, list);
  });
  const withdrawals = slab.view().slice();
  measure(`${name}: frame and read withdrawals`, 'prefix', PREFIXES, () => read(withdrawals));
  const section = nlri(list);
  const columns = family === 'ipv4-unicast' ? view.announced4 : view.mpAnnounced;
  measure(`${name}: read NLRI alone`, 'prefix', PREFIXES, () => {
    for (let at = 0; at < PREFIXES; at += SECTION) decodeNlri(section, 0, section.length, false, columns);
  });
}

const single = consecutive(4, PREFIXES, 26);
const encoding = updateEncoding(settled, 'ipv4-unicast');
const singles = new Slab(16 << 20);
measure('UPDATE of one prefix: write', 'message', PREFIXES, () => {
  singles.reset();
  for (let at = 0; at < PREFIXES; at++) {
    encodeAnnouncements(singles, encoding, attributes, NEXT_HOPS['ipv4-unicast'], { ...single, from: at, to: at + 1 });
  }
});
const same = singles.view().slice();
measure('UPDATE of one prefix: read, attributes as before', 'message', PREFIXES, () => read(same));

singles.reset();
for (let at = 0; at < PREFIXES; at++) {
  const other = encodeAttributes({ ...decodeAttributes(attributes), med: at });
  encodeAnnouncements(singles, encoding, other, NEXT_HOPS['ipv4-unicast'], { ...single, from: at, to: at + 1 });
}
const different = singles.view().slice();
measure('UPDATE of one prefix: read, attributes always new', 'message', PREFIXES, () => read(different));
measure('attributes: decode to a value', 'block', PREFIXES, () => {
  for (let at = 0; at < PREFIXES; at++) decodeAttributes(attributes);
});
