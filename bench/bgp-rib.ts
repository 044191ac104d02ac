/**
 * The RIB alone, with no socket: 100,000 /26 announcements (124 UPDATEs of 4,096 octets) from decoded message to best
 * routes, their withdrawal, their export to 256 peers of one group, and memory for a million paths.
 *
 *     node --expose-gc bench/bgp-rib.ts
 */
import { PrefixTable, systemClock } from '../src/base/index.ts';
import type { Negotiated, PeerHandle } from '../src/bgp/contract.ts';
import { AttributeList, RouteEngine } from '../src/bgp/rib/index.ts';
import {
  createUpdateView,
  decodeUpdate,
  encodeAnnouncements,
  encodeWithdrawals,
  Slab,
  updateEncoding,
} from '../src/bgp/wire/index.ts';
import { session } from '../test/bgp/wire/wire.ts';
import { median } from './process.ts';

const ROUTES = 100_000;
const ASN = 64512;
const ROUNDS = 12;

function negotiated(peer: number): Negotiated {
  const [peerAs, localAs] = [ASN, ASN];
  const families = ['ipv4-unicast'] as const;
  return session({ peerAs, localAs, peerRouterId: 0x0a000000 + peer, families, peerAddress: address(peer) });
}

function address(peer: number): string {
  return `10.0.${peer >> 8}.${peer & 255}`;
}

class Sink implements PeerHandle {
  readonly config;
  readonly negotiated: Negotiated;
  readonly backlog = 0;
  octets = 0;

  constructor(peer: number) {
    this.config = { address: address(peer), remoteAs: ASN };
    this.negotiated = negotiated(peer);
  }

  write(messages: Uint8Array): boolean {
    this.octets += messages.length;
    return true;
  }

  reset(): void {}
}

/** UPDATEs for `count` /26 prefixes from `base` on, as messages. */
function updates(count: number, base: number, kind: 'announce' | 'withdraw'): Uint8Array[] {
  const prefixes = new PrefixTable(4, count);
  const indices = Array.from({ length: count }, (_, at) => prefixes.intern4((base + at * 64) >>> 0, 26));
  const slab = new Slab();
  const encoding = updateEncoding(negotiated(2), 'ipv4-unicast');
  const list = { source: prefixes, indices, from: 0, to: count };
  const attributes = new AttributeList().setOrigin(0).setAsPath([]).setLocalPref(100).toBytes();
  if (kind === 'announce') encodeAnnouncements(slab, encoding, attributes, Uint8Array.of(10, 0, 0, 2), list);
  else encodeWithdrawals(slab, encoding, list);
  const messages: Uint8Array[] = [];
  for (let at = 0; at < slab.length; ) {
    const length = (slab.bytes[at + 16] << 8) | slab.bytes[at + 17];
    messages.push(slab.bytes.subarray(at, at + length));
    at += length;
  }
  return messages;
}

const view = createUpdateView();

function engine(): RouteEngine {
  return new RouteEngine({ asn: ASN, routerId: '10.0.0.1', clock: systemClock, event: () => {} });
}

function up(rib: RouteEngine, peer: number): Sink {
  const sink = new Sink(peer);
  rib.configure(sink.config);
  rib.sessions.established(sink, sink.negotiated);
  return sink;
}

/** Milliseconds. On a busy machine processor time is the one to read. */
interface Cost {
  readonly wall: number;
  readonly cpu: number;
  readonly decoding: number;
}

function text({ wall, cpu, decoding }: Cost): string {
  return `${wall.toFixed(1)} ms (processor ${cpu.toFixed(1)}, decoding ${decoding.toFixed(1)})`;
}

function middle(costs: readonly Cost[]): Cost {
  const of = (key: keyof Cost): number => median(costs.map((cost) => cost[key]));
  return { wall: of('wall'), cpu: of('cpu'), decoding: of('decoding') };
}

/** Feeds the messages and waits until that many changes of best routes came out. */
async function feed(rib: RouteEngine, from: Sink, messages: readonly Uint8Array[], expected: number): Promise<Cost> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let seen = 0;
  rib.onBest(({ count }) => {
    seen += count;
    if (seen >= expected) resolve();
  });
  const begin = performance.now();
  const cpu = process.cpuUsage();
  let decoding = 0;
  for (const message of messages) {
    const before = performance.now();
    decodeUpdate(message, 0, message.length, from.negotiated, view);
    decoding += performance.now() - before;
    rib.sessions.update(from, view, begin);
  }
  await promise;
  const { user, system } = process.cpuUsage(cpu);
  return { wall: performance.now() - begin, cpu: (user + system) / 1000, decoding };
}

// First, while the heap is clean.
{
  const million = updates(1_000_000, 0x0b000000, 'announce');
  globalThis.gc?.();
  const before = process.memoryUsage();
  const rib = engine();
  const from = up(rib, 2);
  const learned = await feed(rib, from, million, 1_000_000);
  globalThis.gc?.();
  const after = process.memoryUsage();
  const each = (key: 'arrayBuffers' | 'heapUsed'): string => ((after[key] - before[key]) / 1e6).toFixed(1);
  console.log(
    `1,000,000 paths: ${text(learned)}, ${each('arrayBuffers')} octets off-heap and ${each('heapUsed')} on the heap for each (export group included); ${rib.counts(from.config.address).accepted} accepted`,
  );
}

const announcements = updates(ROUTES, 0x0b000000, 'announce');
const withdrawals = updates(ROUTES, 0x0b000000, 'withdraw');
console.log(`${ROUTES} /26 in ${announcements.length} announcing and ${withdrawals.length} withdrawing UPDATEs`);
const [learning, unlearning]: Cost[][] = [[], []];
for (let round = 0; round < ROUNDS; round++) {
  const rib = engine();
  const from = up(rib, 2);
  learning.push(await feed(rib, from, announcements, ROUTES));
  unlearning.push(await feed(rib, from, withdrawals, ROUTES));
}
console.log(`learn ${text(middle(learning))}   unlearn ${text(middle(unlearning))}, medians of ${ROUNDS}`);

for (let round = 0; round < 3; round++) {
  const rib = engine();
  const peers = Array.from({ length: 256 }, (_, at) => up(rib, at + 2));
  const routes = Array.from({ length: ROUTES }, (_, at) => {
    const value = 0x0b000000 + at * 64;
    return { prefix: `${value >>> 24}.${(value >> 16) & 255}.${(value >> 8) & 255}.${value & 255}/26` };
  });
  let begin = performance.now();
  rib.originate(routes);
  const declared = performance.now() - begin;
  begin = performance.now();
  while (peers.some(({ octets }) => octets < ROUTES * 5)) await new Promise((done) => setImmediate(done));
  console.log(
    `256 peers: originate ${declared.toFixed(1)} ms, export ${(performance.now() - begin).toFixed(1)} ms, ${peers[0].octets} octets each`,
  );
}
