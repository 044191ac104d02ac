import { formatIpv4, PrefixTable, VirtualClock } from '../../../src/base/index.ts';
import type { Origination, PeerConfig } from '../../../src/bgp/api.ts';
import type { Negotiated, PeerHandle } from '../../../src/bgp/contract.ts';
import { RouteEngine } from '../../../src/bgp/rib/index.ts';
import {
  type AttributeValues,
  createUpdateView,
  decodeUpdate,
  encodeAnnouncements,
  Slab,
  updateEncoding,
} from '../../../src/bgp/wire/index.ts';
import { encodeAttributes } from '../wire/attributes.ts';
import { session, update } from '../wire/wire.ts';

const ASN = 65000;
/** Steps between turns of the engine: what is undone within a turn is part of life. */
const STRIDE = 7;

/** A route as it is announced at some step: the fields that it does not name stay as they are. */
interface Route {
  readonly attributes?: AttributeValues;
  /** Words of the address. */
  readonly prefix4?: number;
  readonly prefix6?: readonly [number, number, number, number];
  readonly nextHop?: Uint8Array;
  readonly pathId?: number;
}

/** 4, 16 or 32 octets that end in the number. */
function octets(step: number, ...front: readonly number[]): Uint8Array {
  return Uint8Array.from([...front, (step >>> 16) & 255, (step >>> 8) & 255, step & 255]);
}

const NEXT_HOP4 = octets(2, 10);
const PREFIX6 = [0x20010db8, 0, 0, 0] as const;
const GLOBAL = [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0] as const;
const LINK_LOCAL = [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] as const;
const ROUTES: Readonly<Record<string, (step: number) => Route>> = {
  'IPv4 next hop': (step) => ({ nextHop: octets(step, 11) }),
  'IPv6 next hop': (step) => ({ prefix6: PREFIX6, nextHop: octets(step, ...GLOBAL) }),
  'link-local next hop': (step) => ({
    prefix6: PREFIX6,
    nextHop: Uint8Array.from([...octets(1, ...GLOBAL), ...octets(step, ...LINK_LOCAL)]),
  }),
  'next hop and LOCAL_PREF': (step) => ({ nextHop: octets(step, 11), attributes: { localPref: step } }),
  ORIGIN: (step) => ({ attributes: { origin: (step % 3) as 0 | 1 | 2 } }),
  AS_PATH: (step) => ({ attributes: { asPath: [{ kind: 'sequence', asns: [65001, step + 1] }] } }),
  AS_SET: (step) => ({ attributes: { asPath: [{ kind: 'set', asns: [65001, step + 1] }] } }),
  'AS_PATH length': (step) => ({
    attributes: { asPath: [{ kind: 'sequence', asns: new Array<number>(1 + (step % 250)).fill(65001) }] },
  }),
  MED: (step) => ({ attributes: { med: step } }),
  LOCAL_PREF: (step) => ({ attributes: { localPref: step } }),
  ATOMIC_AGGREGATE: (step) => ({ attributes: { atomicAggregate: step % 2 === 0 } }),
  AGGREGATOR: (step) => ({ attributes: { aggregator: { asn: 1 + step, address: step } } }),
  COMMUNITIES: (step) => ({ attributes: { communities: [step] } }),
  'number of COMMUNITIES': (step) => ({
    attributes: { communities: Array.from({ length: 1 + ((step * 37) % 900) }, (_, at) => at + step) },
  }),
  ORIGINATOR_ID: (step) => ({ attributes: { originatorId: 1 + step } }),
  CLUSTER_LIST: (step) => ({ attributes: { clusterList: [1 + step, 2] } }),
  EXTENDED_COMMUNITIES: (step) => ({ attributes: { extendedCommunities: [BigInt(step)] } }),
  LARGE_COMMUNITY: (step) => ({ attributes: { largeCommunities: [{ global: 1, local1: 2, local2: step }] } }),
  ONLY_TO_CUSTOMER: (step) => ({ attributes: { otc: 1 + step } }),
  'an unknown attribute': (step) => ({ attributes: { unknown: [{ type: 99, flags: 0xe0, value: octets(step) }] } }),
  'unknown attributes': (step) => ({
    attributes: { unknown: [{ type: 130 + (step % 100), flags: 0xe0, value: octets(step) }] },
  }),
  'path identifier': (step) => ({ pathId: 1 + step }),
  'IPv4 prefix': (step) => ({ prefix4: (0x0a000000 + step * 64) >>> 0 }),
  'IPv6 prefix': (step) => ({ prefix6: [0x20010db8, step, 0, 0], nextHop: octets(1, ...GLOBAL) }),
};

const ORIGINATIONS: Readonly<Record<string, (step: number) => Partial<Origination>>> = {
  prefix: (step) => ({ prefix: `${formatIpv4(0x0a000000 + step * 64)}/26` }),
  nextHop: (step) => ({ nextHop: formatIpv4(0x0b000000 + step) }),
  localPref: (step) => ({ localPref: step }),
  med: (step) => ({ med: step }),
  communities: (step) => ({ communities: [`65000:${step & 0xffff}`, `65000:1:${step}`] }),
  tag: (step) => ({ tag: `number ${step}` }),
};

const CONFIGURATIONS: Readonly<Record<string, (step: number) => Partial<PeerConfig>>> = {
  exportFilter: (step) => ({ exportFilter: { name: `filter ${step}`, rules: [], default: 'accept' } }),
  importFilter: (step) => ({
    importFilter: {
      name: 'marks',
      rules: [{ match: {}, action: 'accept', set: { addCommunities: [`65000:1:${step}`], localPref: step } }],
      default: 'accept',
    },
  }),
  routeReflector: (step) => ({ routeReflector: { clusterId: formatIpv4(0x0c000000 + step) } }),
};

/** What is churned: one field of a learned route, of a route of our own, of a peer's configuration, or who the peers are. */
export const CHURNS: readonly string[] = [
  ...Object.keys(ROUTES),
  'malformed announcements',
  'AS4_PATH and AS4_AGGREGATOR',
  'refused routes',
  'refreshes',
  ...Object.keys(ORIGINATIONS).map((field) => `originated ${field}`),
  ...Object.keys(CONFIGURATIONS).map((field) => `configured ${field}`),
  'sessions',
  'peers',
];

/** A peer that takes everything. */
class Sink implements PeerHandle {
  readonly config: PeerConfig;
  readonly negotiated: Negotiated;
  readonly backlog = 0;

  constructor(number: number, more: Partial<Negotiated>, config: Partial<PeerConfig> = {}) {
    const address = formatIpv4(0x0a000000 + number);
    this.config = { address, remoteAs: ASN, ...config };
    this.negotiated = session({ peerRouterId: 0x0a000000 + number, peerAddress: address, ...more });
  }

  write(): boolean {
    return true;
  }

  reset(): void {}
}

/** One speaker's tables, with a peer that learns and another that is told, and a third whose route shares the load. */
export class Churn {
  readonly #clock = new VirtualClock();
  readonly #engine = new RouteEngine({ asn: ASN, routerId: '10.0.0.1', clock: this.#clock, event: () => {} });
  readonly #view = createUpdateView();
  readonly #slab = new Slab(4096);
  readonly #what: string;
  readonly #learner: Sink;
  #step = 0;

  constructor(what: string) {
    this.#what = what;
    const addPath = what === 'path identifier' ? (['ipv4-unicast'] as const) : [];
    const negotiated = { addPathReceive: addPath, fourOctetAs: !what.startsWith('AS4'), enhancedRouteRefresh: true };
    const refusal = { name: 'refuses', rules: [], default: 'reject' } as const;
    this.#learner = new Sink(2, negotiated, {
      routeReflector: { clusterId: '10.0.0.1' },
      ...(what === 'refused routes' && { importFilter: refusal }),
    });
    const told = { addPathSend: addPath, extendedNextHop: ['ipv4-unicast'] } as const;
    for (const peer of [this.#learner, new Sink(3, told), new Sink(4, {})]) this.#join(peer);
    this.#engine.start();
    this.#learn(new Sink(4, {}), {});
    this.#learn(this.#learner, {});
    this.#engine.originate([{ prefix: '192.168.0.0/26' }]);
    this.#clock.advance(10);
  }

  /** Goes on by so many steps, each with a value that was never there before. */
  run(steps: number): void {
    for (const end = this.#step + steps; this.#step < end; this.#step++) {
      this.#one(this.#step);
      if (this.#step % STRIDE === 0) this.#clock.advance(5);
    }
    this.#clock.advance(10_000);
  }

  /** How many there are of everything that is known by number. */
  get live(): Readonly<Record<string, number>> {
    const { pool, nextHops, sets, families, originations, peers } = this.#engine.ribs;
    return {
      attributes: pool.size,
      'next hops': nextHops.size,
      'next-hop sets': sets.size,
      'numbers of next-hop sets': Math.min(sets.all.length, 64),
      tags: originations.tags.size,
      'IPv4 prefixes': families['ipv4-unicast'].rib.prefixes.size,
      'IPv6 prefixes': families['ipv6-unicast'].rib.prefixes.size,
      'IPv4 paths': families['ipv4-unicast'].rib.paths.size,
      'IPv6 paths': families['ipv6-unicast'].rib.paths.size,
      peers: peers.size,
    };
  }

  /** Octets of attributes, with the gaps between them. */
  get octets(): number {
    return this.#engine.ribs.pool.octets;
  }

  #one(step: number): void {
    const what = this.#what;
    const field = what.split(' ')[1]!;
    if (ROUTES[what]) this.#churnRoute(ROUTES[what], step);
    else if (what.startsWith('originated')) {
      this.#engine.originate([{ prefix: '192.168.0.0/26', ...ORIGINATIONS[field]!(step) }]);
    } else if (what.startsWith('configured')) {
      for (const { config } of [this.#learner, new Sink(3, {})]) {
        this.#engine.configure({ ...config, ...CONFIGURATIONS[field]!(step) });
      }
    } else if (what === 'malformed announcements') {
      const address = (0x0a000000 + step * 256).toString(16).padStart(8, '0').slice(0, 6);
      this.#hear(this.#learner, update('40 01 01 07 40 02 00 40 03 04 0a000002', `18 ${address}`));
    } else if (what.startsWith('AS4')) {
      const asn = (step + 70_000).toString(16).padStart(8, '0');
      const base = '40 01 01 00 40 02 04 02 01 5ba0 40 03 04 0a000002 40 05 04 00000064 c0 07 06 5ba0 0a000001';
      this.#hear(this.#learner, update(`${base} c0 11 06 02 01 ${asn} c0 12 08 ${asn} 0a000001`, '1a 0a010000'));
    } else if (what === 'refused routes') {
      this.#learn(this.#learner, { prefix4: (0x0a000000 + step * 64) >>> 0, attributes: { med: step } });
      if (step > 0) this.#withdraw(this.#learner, { prefix4: (0x0a000000 + (step - 1) * 64) >>> 0 });
    } else if (what === 'refreshes') {
      const mark = (subtype: 'request' | 'begin' | 'end'): void =>
        this.#engine.sessions.refresh(this.#learner, 'ipv4-unicast', subtype);
      mark('request');
      mark('begin');
      this.#learn(this.#learner, { prefix4: (0x0a000000 + step * 64) >>> 0 });
      mark('end');
    } else if (what === 'sessions') {
      const keep = step % 2 === 0 ? [] : [{ family: 'ipv4-unicast', seconds: 60, restartTime: 10 } as const];
      this.#engine.sessions.closed(this.#learner, 'gone', keep);
      this.#engine.sessions.established(this.#learner, session({ peerRouterId: 1 + step, addPathReceive: [] }));
      this.#learn(this.#learner, {});
    } else {
      const peer = new Sink(16 + step, {});
      this.#join(peer);
      this.#learn(peer, { nextHop: octets(step, 11) });
      this.#clock.advance(5);
      this.#engine.sessions.closed(peer, 'gone', []);
      this.#engine.remove(peer.config.address);
    }
  }

  /** The new value, and where it does not take the old one's place, the old one's end. */
  #churnRoute(route: (step: number) => Route, step: number): void {
    const next = route(step);
    const before = step > 0 ? route(step - 1) : undefined;
    this.#learn(this.#learner, next);
    const moved =
      next.prefix4 !== before?.prefix4 || `${next.prefix6}` !== `${before?.prefix6}` || next.pathId !== before?.pathId;
    if (before && moved) this.#withdraw(this.#learner, before);
  }

  #join(peer: Sink): void {
    this.#engine.configure(peer.config);
    this.#engine.sessions.established(peer, peer.negotiated);
  }

  #learn(from: Sink, route: Route): void {
    this.#say(from, route, (list, encoding) => {
      const attributes = encodeAttributes({ origin: 0, asPath: [], localPref: 100, ...route.attributes });
      encodeAnnouncements(this.#slab, encoding, attributes, route.nextHop ?? NEXT_HOP4, list);
    });
  }

  #withdraw(from: Sink, route: Route): void {
    const { prefix4, prefix6, pathId } = route;
    const addPath = pathId === undefined ? '' : pathId.toString(16).padStart(8, '0');
    if (prefix6 === undefined) {
      const address = (prefix4 ?? 0x0a010000).toString(16).padStart(8, '0');
      this.#hear(from, update('', '', `${addPath} 1a ${address}`));
      return;
    }
    const words = prefix6.map((word) => word.toString(16).padStart(8, '0')).join('');
    this.#hear(from, update(`80 0f 14 0002 01 80 ${words}`));
  }

  #say(
    from: Sink,
    { prefix4 = 0x0a010000, prefix6, pathId = 0 }: Route,
    encode: (list: Parameters<typeof encodeAnnouncements>[4], encoding: ReturnType<typeof updateEncoding>) => void,
  ): void {
    const source = new PrefixTable(prefix6 ? 6 : 4, 1);
    const index = prefix6 ? source.intern6(...prefix6, 128) : source.intern4(prefix4, 26);
    const family = prefix6 ? 'ipv6-unicast' : 'ipv4-unicast';
    const addPath = from.negotiated.addPathReceive.includes(family);
    const encoding = { ...updateEncoding(session(), family), addPath };
    const list = { source, indices: [index], from: 0, to: 1, ...(addPath && { pathIds: [pathId] }) };
    this.#slab.reset();
    encode(list, encoding);
    this.#hear(from, this.#slab.view());
  }

  #hear(from: Sink, message: Uint8Array): void {
    decodeUpdate(message, 0, message.length, from.negotiated, this.#view);
    this.#engine.sessions.update(from, this.#view, this.#clock.now());
  }
}
