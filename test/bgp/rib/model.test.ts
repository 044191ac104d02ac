import fc from 'fast-check';
import t from 'tap';
import { PrefixTable, tryParseIpv4, VirtualClock } from '../../../src/base/index.ts';
import { AttributeList, RouteEngine } from '../../../src/bgp/rib/index.ts';
import {
  createUpdateView,
  decodeUpdate,
  encodeAnnouncements,
  encodeWithdrawals,
  Slab,
  updateEncoding,
} from '../../../src/bgp/wire/index.ts';
import { ASN, Reader } from './reader.ts';

/**
 * Whatever happens and in whatever order, when all is quiet every peer has exactly what the model says: the best route
 * of each prefix unless it is its own, and with ADD-PATH every route that is not its own.
 */
type Step =
  | {
      readonly kind: 'announce' | 'withdraw';
      readonly peer: number;
      readonly prefix: number;
      readonly localPref: number;
    }
  | { readonly kind: 'down' | 'up' | 'stick' | 'drain' | 'refresh'; readonly peer: number }
  | { readonly kind: 'originate'; readonly prefixes: readonly number[] }
  | { readonly kind: 'adjust'; readonly changed: readonly number[]; readonly gone: readonly number[] }
  | { readonly kind: 'run'; readonly milliseconds: number };

const PEERS = 5;
const PREFIXES = 12;
/** The last two peers take every path. */
const ADD_PATH = 3;
const LOCAL = -1;

function address(peer: number): string {
  return `10.0.0.${peer + 2}`;
}

function network(prefix: number): number {
  return 0x0b000000 + prefix * 64;
}

function text(prefix: number): string {
  return `11.0.${prefix >> 2}.${(prefix & 3) * 64}/26`;
}

class World {
  readonly clock = new VirtualClock();
  readonly engine: RouteEngine;
  readonly readers: (Reader | undefined)[] = [];
  readonly best = new Map<number, string>();
  /** Prefix → source → LOCAL_PREF. */
  readonly model = Array.from({ length: PREFIXES }, () => new Map<number, number>());
  readonly #view = createUpdateView();

  constructor() {
    // So small a window that members fall behind all the time.
    this.engine = new RouteEngine({
      asn: ASN,
      routerId: '10.0.0.1',
      clock: this.clock,
      event: () => {},
      window: 60,
      maximumPaths: 1,
    });
    this.engine.onBest(({ count, addresses, nextHops, nextHopSets }) => {
      for (let at = 0; at < count; at++) {
        if (nextHops[at] === 0) this.best.delete(addresses[at]);
        else this.best.set(addresses[at], nextHopSets[nextHops[at]].addresses.join());
      }
    });
    for (let peer = 0; peer < PEERS; peer++) this.up(peer);
  }

  apply(step: Step): void {
    switch (step.kind) {
      case 'announce':
      case 'withdraw':
        this.#update(step);
        break;
      case 'up':
        if (!this.readers[step.peer]) this.up(step.peer);
        break;
      case 'down':
        this.down(step.peer);
        break;
      case 'stick': {
        const reader = this.readers[step.peer];
        if (reader) reader.stuck = true;
        break;
      }
      case 'drain':
        this.drain(step.peer);
        break;
      case 'refresh': {
        const reader = this.readers[step.peer];
        if (reader) this.engine.sessions.refresh(reader, 'ipv4-unicast', 'request');
        break;
      }
      case 'originate':
        this.#originate(step.prefixes);
        break;
      case 'adjust':
        this.engine.adjustOriginated(
          step.changed.map((prefix) => ({ prefix: text(prefix) })),
          step.gone.map(text),
        );
        for (const prefix of step.changed) this.model[prefix].set(LOCAL, 100);
        for (const prefix of step.gone) this.model[prefix].delete(LOCAL);
        break;
      case 'run':
        this.clock.advance(step.milliseconds);
    }
  }

  up(peer: number): void {
    const addPath = peer >= ADD_PATH ? (['ipv4-unicast'] as const) : [];
    const settings = { addPathSend: addPath, addPathReceive: addPath };
    const reader = new Reader(address(peer), settings, { routeReflector: { clusterId: '1.1.1.1' } });
    this.readers[peer] = reader;
    this.engine.configure(reader.config);
    this.engine.sessions.established(reader, reader.negotiated);
  }

  down(peer: number): void {
    const reader = this.readers[peer];
    if (reader === undefined) return;
    this.readers[peer] = undefined;
    this.engine.sessions.closed(reader, 'down', []);
    for (const sources of this.model) sources.delete(peer);
  }

  drain(peer: number): void {
    const reader = this.readers[peer];
    if (reader === undefined) return;
    reader.stuck = false;
    this.engine.sessions.drained(reader);
  }

  #originate(prefixes: readonly number[]): void {
    const texts = new Set(prefixes);
    this.engine.originate([...texts].map((prefix) => ({ prefix: text(prefix) })));
    for (const [prefix, sources] of this.model.entries()) {
      if (texts.has(prefix)) sources.set(LOCAL, 100);
      else sources.delete(LOCAL);
    }
  }

  #update(step: Extract<Step, { peer: number; prefix: number }>): void {
    const reader = this.readers[step.peer];
    if (reader === undefined) return;
    const prefixes = new PrefixTable(4);
    const indices = [prefixes.intern4(network(step.prefix), 26)];
    const list = { source: prefixes, indices, from: 0, to: 1, pathIds: [7] };
    const slab = new Slab();
    const encoding = updateEncoding(reader.negotiated, 'ipv4-unicast');
    if (step.kind === 'announce') {
      const attributes = new AttributeList().setOrigin(0).setAsPath([]).setLocalPref(step.localPref).toBytes();
      encodeAnnouncements(slab, encoding, attributes, Uint8Array.of(10, 0, 0, step.peer + 2), list);
      this.model[step.prefix].set(step.peer, step.localPref);
    } else {
      encodeWithdrawals(slab, encoding, list);
      this.model[step.prefix].delete(step.peer);
    }
    decodeUpdate(slab.bytes, 0, slab.length, reader.negotiated, this.#view);
    this.engine.sessions.update(reader, this.#view, this.clock.now());
  }

  /** Lets everything settle, and compares. */
  differences(): string[] {
    for (let round = 0; round < 50; round++) {
      for (let peer = 0; peer < PEERS; peer++) this.drain(peer);
      this.clock.advance(1);
    }
    const wrong: string[] = [];
    const expect = (what: string, is: unknown, should: unknown): void => {
      if (JSON.stringify(is) !== JSON.stringify(should))
        wrong.push(`${what}: ${JSON.stringify(is)}, not ${JSON.stringify(should)}`);
    };
    for (const [prefix, sources] of this.model.entries()) {
      // Our own first, then by LOCAL_PREF, then by identifier.
      const order = [...sources].sort(
        ([a, prefA], [b, prefB]) => Number(b === LOCAL) - Number(a === LOCAL) || prefB - prefA || a - b,
      );
      const best = order[0]?.[0];
      expect(
        `best of ${prefix}`,
        this.best.get(network(prefix)),
        best === undefined || best === LOCAL ? undefined : address(best),
      );
      for (const [peer, reader] of this.readers.entries()) {
        if (reader === undefined) continue;
        const sent = [...reader.table]
          .filter(([key]) => key % 2 ** 32 === network(prefix))
          .map(([, nextHop]) => nextHop)
          .sort();
        const all = peer >= ADD_PATH ? order.map(([source]) => source) : order.slice(0, 1).map(([source]) => source);
        const should = all
          .filter((source) => source !== peer)
          .map((source) => tryParseIpv4(address(source))!)
          .sort();
        expect(`what ${peer} has for ${prefix}`, sent, should);
      }
    }
    return wrong;
  }
}

const peer = fc.nat({ max: PEERS - 1 });
const prefix = fc.nat({ max: PREFIXES - 1 });
const localPref = fc.constantFrom(100, 200);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: fc.constant('announce' as const), peer, prefix, localPref }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('withdraw' as const), peer, prefix, localPref }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('run' as const), milliseconds: fc.constantFrom(1, 10, 1500) }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constantFrom('down', 'up', 'up', 'stick', 'drain', 'refresh'), peer }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('originate' as const), prefixes: fc.array(prefix, { maxLength: 5 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('adjust' as const),
      changed: fc.array(prefix, { maxLength: 3 }),
      gone: fc.array(prefix, { maxLength: 3 }),
    }),
  },
);

t.test('every peer ends up with what it should have, whatever happened', (t) => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 120 }), (steps) => {
      const world = new World();
      for (const one of steps) world.apply(one);
      const wrong = world.differences();
      if (wrong.length > 0) throw new Error(wrong.join('\n'));
    }),
    { seed: 4456, numRuns: 400 },
  );
  t.pass('the same as the model');
  t.end();
});

t.test('and when everybody has gone, nothing is left', (t) => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 120 }), (steps) => {
      const world = new World();
      for (const one of steps) world.apply(one);
      world.apply({ kind: 'originate', prefixes: [] });
      for (let gone = 0; gone < PEERS; gone++) world.down(gone);
      world.clock.advance(10_000);
      const { rib } = world.engine.ribs.families['ipv4-unicast'];
      return (
        rib.paths.size === 0 && rib.prefixes.size === 0 && world.engine.ribs.pool.size === 0 && world.best.size === 0
      );
    }),
    { seed: 4456, numRuns: 200 },
  );
  t.pass('empty');
  t.end();
});
