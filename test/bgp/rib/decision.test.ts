import fc from 'fast-check';
import t from 'tap';
import { parseAddress } from '../../../src/base/index.ts';
import {
  AdjRibIn,
  AttributeList,
  AttributePool,
  Decision,
  type DecisionView,
  decisionSteps,
  NO_PATH,
  pathFlag,
  type Source,
  SourceTable,
} from '../../../src/bgp/rib/index.ts';

/** What the decision looks at, in small ranges so that ties are common. */
interface Candidate {
  readonly kind: 'local' | 'ibgp' | 'ebgp';
  readonly localPref: number;
  readonly asPath: readonly number[];
  readonly origin: 0 | 1 | 2;
  readonly med: number;
  readonly routerId: number;
  readonly clusters: number;
  readonly nextHop: number;
  readonly longLivedStale: boolean;
}

const plain: Candidate = {
  kind: 'ibgp',
  localPref: 100,
  asPath: [65001],
  origin: 0,
  med: 0,
  routerId: 1,
  clusters: 0,
  nextHop: 1,
  longLivedStale: false,
};

const LOCAL: Source = {
  index: 0,
  kind: 'local',
  name: 'local',
  address: parseAddress('10.0.0.1'),
  routerId: 1,
  peerAs: 64512,
  clusterId: undefined,
};

/** A RIB with one prefix and these paths to it, put in by the given order; the view of it and the number of each path. */
function ribOf(
  candidates: readonly Candidate[],
  order = candidates.map((_, at) => at),
): { view: DecisionView; paths: number[] } {
  const pool = new AttributePool();
  const sources = new SourceTable(LOCAL);
  const rib = new AdjRibIn(4, pool, { retain: (nextHop: number) => nextHop, release: () => {} });
  const prefix = rib.prefixes.intern4(0x0a000000, 26);
  const made = candidates.map(({ kind, routerId }, at) =>
    sources.add((index) => ({
      ...LOCAL,
      index,
      kind,
      name: `peer ${at}`,
      address: parseAddress(`10.0.1.${at}`),
      routerId,
    })),
  );
  const paths: number[] = [];
  for (const at of order) {
    const { localPref, asPath, origin, med, clusters, nextHop, longLivedStale } = candidates[at];
    const list = new AttributeList().setOrigin(origin).setAsPath(asPath).setMed(med).setLocalPref(localPref);
    for (let cluster = 0; cluster < clusters; cluster++) list.prependCluster(7);
    rib.put(made[at], prefix, 0, pool.intern(list.toBytes()), nextHop);
    paths[at] = rib.find(made[at], prefix, 0);
    if (longLivedStale) rib.paths.flags[paths[at]] |= pathFlag.longLivedStale;
  }
  return { view: { costly: true, rib, pool, sources, cost: (nextHop) => nextHop }, paths };
}

function winner(candidates: readonly Candidate[], order?: readonly number[]): number {
  const { view, paths } = ribOf(candidates, order && [...order]);
  const decision = new Decision(view);
  decision.decide(0);
  return paths.indexOf(decision.best);
}

/** For each step: what a path has that is better than `plain` in just this step, and worse in the next ones. */
const better: Record<string, readonly [winner: Candidate, loser: Candidate]> = {
  'long-lived stale': [plain, { ...plain, longLivedStale: true, localPref: 200 }],
  'own route': [{ ...plain, kind: 'local', localPref: 50 }, plain],
  LOCAL_PREF: [{ ...plain, localPref: 200, asPath: [1, 2, 3] }, plain],
  'AS_PATH length': [
    { ...plain, asPath: [65001], origin: 2 },
    { ...plain, asPath: [65001, 65002] },
  ],
  ORIGIN: [
    { ...plain, origin: 0, med: 9 },
    { ...plain, origin: 1 },
  ],
  MED: [plain, { ...plain, med: 5, kind: 'ebgp' }],
  external: [{ ...plain, kind: 'ebgp', nextHop: 9 }, plain],
  'interior cost': [
    { ...plain, nextHop: 1, routerId: 9 },
    { ...plain, nextHop: 2 },
  ],
  'BGP Identifier': [
    { ...plain, routerId: 1, clusters: 3 },
    { ...plain, routerId: 2 },
  ],
  'CLUSTER_LIST length': [plain, { ...plain, clusters: 1 }],
  'peer address': [plain, plain],
  'path identifier': [plain, plain],
};

t.test('each step decides when all before it are equal, and says so', (t) => {
  t.same(
    decisionSteps.map(({ name }) => name),
    Object.keys(better),
    'every step has its case',
  );
  for (const { name, reason } of decisionSteps.slice(0, -1)) {
    const { view, paths } = ribOf(better[name]);
    const decision = new Decision(view);
    const reasons = new Map<number, string>();
    decision.decide(0, (path, why) => reasons.set(path, why));
    t.equal(decision.best, paths[0], name);
    t.same([...reasons], [[paths[1], reason]], name);
  }
  t.end();
});

t.test('two paths of one peer differ in their path identifier at last', (t) => {
  const { view, paths } = ribOf([plain]);
  const { rib } = view;
  const source = view.sources.get(rib.paths.source[paths[0]]);
  rib.put(source, 0, 5, rib.paths.received(paths[0]), 1);
  const decision = new Decision(view);
  decision.decide(0);
  t.equal(decision.best, paths[0]);
  t.equal(decision.multipath.length, 2);
  t.end();
});

t.test('MED counts only among paths by way of the same neighbouring AS', (t) => {
  const cheap: Candidate = { ...plain, med: 1, routerId: 9 };
  const dear: Candidate = { ...plain, med: 9, asPath: [65002], routerId: 1 };
  t.equal(winner([cheap, dear]), 1);
  t.equal(winner([cheap, { ...dear, asPath: [65001] }]), 0);
  t.end();
});

const candidate = fc.record<Candidate>({
  kind: fc.constantFrom('ibgp', 'ebgp'),
  localPref: fc.constantFrom(100, 200),
  asPath: fc.constantFrom([65001], [65002], [65001, 65003]),
  origin: fc.constantFrom(0, 1),
  med: fc.integer({ min: 0, max: 3 }),
  routerId: fc.integer({ min: 1, max: 4 }),
  clusters: fc.integer({ min: 0, max: 2 }),
  nextHop: fc.integer({ min: 1, max: 3 }),
  longLivedStale: fc.boolean(),
});

function permutations(of: readonly number[]): number[][] {
  if (of.length < 2) return [[...of]];
  return of.flatMap((first) => permutations(of.filter((one) => one !== first)).map((rest) => [first, ...rest]));
}

t.test('the order of arrival never matters', (t) => {
  fc.assert(
    fc.property(fc.array(candidate, { minLength: 1, maxLength: 4 }), (candidates) => {
      const orders = permutations(candidates.map((_, at) => at));
      return new Set(orders.map((order) => winner(candidates, order))).size === 1;
    }),
    { seed: 4271, numRuns: 300 },
  );
  t.end();
});

t.test('each step is antisymmetric', (t) => {
  fc.assert(
    fc.property(candidate, candidate, (a, b) => {
      const { view, paths } = ribOf([a, b]);
      return decisionSteps.every(
        ({ compare }) => Math.sign(compare(view, paths[0], paths[1])) === -Math.sign(compare(view, paths[1], paths[0])),
      );
    }),
    { seed: 4271, numRuns: 300 },
  );
  t.end();
});

t.test('refused and unreachable paths take no part', (t) => {
  const { view, paths } = ribOf([plain, { ...plain, nextHop: 2 }]);
  view.rib.paths.flags[paths[0]] |= pathFlag.refused;
  const decision = new Decision(view);
  decision.decide(0);
  t.equal(decision.best, paths[1]);
  const unreachable = new Decision({ ...view, cost: () => undefined });
  unreachable.decide(0);
  t.equal(unreachable.best, NO_PATH);
  t.end();
});
