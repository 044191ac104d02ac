import { compareAddress } from '../../../base/index.ts';
import type { AdjRibIn } from '../in/adj-rib-in.ts';
import { isLongLivedStale } from '../long-lived-stale.ts';
import type { AttributePool } from '../pool/attribute-pool.ts';
import { NO_PATH, pathFlag } from '../pool/path-pool.ts';
import type { Source, SourceTable } from '../pool/source.ts';

/** One step of the decision process: it keeps the best of the candidates by some measure. */
export interface DecisionStep {
  readonly name: string;
  /** Where it is written. */
  readonly clause: string;
  /** Said of a path that the step put out. */
  readonly reason: string;
  /** Negative when path `a` is preferred to `b`. */
  readonly compare: (view: DecisionView, a: number, b: number) => number;
  /** The measure counts only between paths with the same neighbouring AS. */
  readonly perNeighbour?: true;
  /** Paths that are equal up to here may share the load (ECMP). */
  readonly multipath?: true;
}

/** The values that the steps look at. */
export interface DecisionView {
  /** Whether next hops differ in cost or may be unreachable. */
  readonly costly: boolean;
  readonly rib: AdjRibIn;
  readonly pool: AttributePool;
  readonly sources: SourceTable;
  /** Interior cost of a next hop; `undefined` when it can't be reached. */
  readonly cost: (nextHop: number) => number | undefined;
}

const attr = ({ rib }: DecisionView, path: number): number => rib.paths.attributes[path];
const source = ({ rib, sources }: DecisionView, path: number): Source => sources.get(rib.paths.source[path]);
const isStale = ({ rib, pool }: DecisionView, path: number): number =>
  isLongLivedStale(rib.paths.flags[path], pool.marks[rib.paths.attributes[path]]) ? 1 : 0;
const cost = (view: DecisionView, path: number): number =>
  view.cost(view.rib.paths.nextHop[path]) ?? Number.MAX_SAFE_INTEGER;

/** RFC 4456 §9: a reflected route counts with the identifier of the router that brought it into the AS. */
const identifier = (view: DecisionView, path: number): number =>
  view.pool.originatorId[attr(view, path)] || source(view, path).routerId;

const isExternal = (view: DecisionView, path: number): number => (source(view, path).kind === 'ebgp' ? 1 : 0);
const isLocal = (view: DecisionView, path: number): number => (source(view, path).kind === 'local' ? 1 : 0);

/** The decision process (RFC 4271 §9.1.2.2 with its successors), in order. The last steps leave exactly one path. */
export const decisionSteps: readonly DecisionStep[] = [
  {
    name: 'long-lived stale',
    clause: 'RFC 9494 §4.3',
    reason: 'lost on being long-lived stale',
    compare: (view, a, b) => isStale(view, a) - isStale(view, b),
  },
  {
    name: 'own route',
    clause: 'common practice',
    reason: 'lost to a route of our own',
    compare: (view, a, b) => isLocal(view, b) - isLocal(view, a),
  },
  {
    name: 'LOCAL_PREF',
    clause: 'RFC 4271 §9.1.1',
    reason: 'lost on LOCAL_PREF',
    compare: (view, a, b) => view.pool.localPref[attr(view, b)] - view.pool.localPref[attr(view, a)],
  },
  {
    name: 'AS_PATH length',
    clause: 'RFC 4271 §9.1.2.2 a',
    reason: 'lost on AS_PATH length',
    compare: (view, a, b) => view.pool.asPathLength[attr(view, a)] - view.pool.asPathLength[attr(view, b)],
  },
  {
    name: 'ORIGIN',
    clause: 'RFC 4271 §9.1.2.2 b',
    reason: 'lost on ORIGIN',
    compare: (view, a, b) => view.pool.origin[attr(view, a)] - view.pool.origin[attr(view, b)],
  },
  {
    name: 'MED',
    clause: 'RFC 4271 §9.1.2.2 c',
    reason: 'lost on MED',
    perNeighbour: true,
    compare: (view, a, b) => view.pool.med[attr(view, a)] - view.pool.med[attr(view, b)],
  },
  {
    name: 'external',
    clause: 'RFC 4271 §9.1.2.2 d',
    reason: 'lost on being internal',
    compare: (view, a, b) => isExternal(view, b) - isExternal(view, a),
  },
  {
    name: 'interior cost',
    clause: 'RFC 4271 §9.1.2.2 e',
    reason: 'lost on the cost of reaching its next hop',
    multipath: true,
    compare: (view, a, b) => cost(view, a) - cost(view, b),
  },
  {
    name: 'BGP Identifier',
    clause: 'RFC 4271 §9.1.2.2 f, RFC 4456 §9',
    reason: 'lost on BGP Identifier',
    compare: (view, a, b) => identifier(view, a) - identifier(view, b),
  },
  {
    name: 'CLUSTER_LIST length',
    clause: 'RFC 4456 §9',
    reason: 'lost on CLUSTER_LIST length',
    compare: (view, a, b) => view.pool.clusterListLength[attr(view, a)] - view.pool.clusterListLength[attr(view, b)],
  },
  {
    name: 'peer address',
    clause: 'RFC 4271 §9.1.2.2 g',
    reason: 'lost on peer address',
    compare: (view, a, b) => compareAddress(source(view, a).address, source(view, b).address),
  },
  {
    name: 'path identifier',
    clause: 'RFC 7911 §2, where one peer sends several',
    reason: 'lost on path identifier',
    compare: (view, a, b) => view.rib.paths.pathId(a) - view.rib.paths.pathId(b),
  },
];

/** Said of a path that the import filter refused; which rule did, the filter itself can tell. */
export const FILTERED = 'refused by the import filter';

/** Why a path takes no part in the decision, or undefined if it does. */
export function ineligible(view: DecisionView, path: number): string | undefined {
  const flags = view.rib.paths.flags[path];
  if (flags & pathFlag.looped) return 'it came through us: AS_PATH, ORIGINATOR_ID or CLUSTER_LIST loop';
  if (flags & pathFlag.leaked) return 'it leaked: it was meant for customers only (RFC 9234)';
  if (flags & pathFlag.ownNextHop) return 'its next hop is our own address';
  if (flags & pathFlag.refused) return FILTERED;
  if (view.cost(view.rib.paths.nextHop[path]) === undefined) return 'its next hop is unreachable';
  return undefined;
}

/** The outcome for one prefix; one instance is filled again for each. */
export class Decision {
  best = NO_PATH;
  /** Paths that are as good as the best for sharing load, the best among them. */
  readonly multipath: number[] = [];
  readonly #view: DecisionView;
  #left: number[] = [];

  constructor(view: DecisionView) {
    this.#view = view;
  }

  /**
   * Decides among the paths of a prefix. Each step keeps the best of what the last one left, all at once and not
   * in pairs, so the order of arrival can't matter, not even with MED. `lost` hears of each path put out.
   */
  decide(prefix: number, lost?: (path: number, reason: string) => void): void {
    const { rib } = this.#view;
    const { next, flags } = rib.paths;
    this.multipath.length = 0;
    this.#left.length = 0;
    for (let path = rib.head[prefix]; path !== NO_PATH; path = next[path]) {
      if (flags[path] & pathFlag.refused || ineligible(this.#view, path) !== undefined) {
        lost?.(path, ineligible(this.#view, path) ?? '');
      } else this.#left.push(path);
    }
    if (this.#left.length > 1) this.#eliminate(lost);
    else if (this.#left.length === 1) this.multipath.push(this.#left[0]);
    this.best = this.#left[0] ?? NO_PATH;
  }

  #eliminate(lost?: (path: number, reason: string) => void): void {
    for (const step of decisionSteps) {
      if (this.#left.length > 1) this.#left = this.#kept(step, lost);
      if (step.multipath) this.multipath.push(...this.#left);
    }
  }

  #kept(step: DecisionStep, lost?: (path: number, reason: string) => void): number[] {
    const view = this.#view;
    const { firstAs } = view.pool;
    // One minimum for all, or one for each neighbouring AS.
    const group = (path: number): number => (step.perNeighbour ? firstAs[attr(view, path)] : 0);
    const minimum = new Map<number, number>();
    for (const path of this.#left) {
      const least = minimum.get(group(path));
      if (least === undefined || step.compare(view, path, least) < 0) minimum.set(group(path), path);
    }
    const kept: number[] = [];
    for (const path of this.#left) {
      if (step.compare(view, path, minimum.get(group(path))!) === 0) kept.push(path);
      else lost?.(path, step.reason);
    }
    return kept;
  }
}
