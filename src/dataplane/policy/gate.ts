import type { Family, Prefix } from '../../base/index.ts';
import type { PolicySettings } from '../../calc/desired/index.ts';
import { type Direction, type Policy, policyIdText } from '../../policy/index.ts';
import { addresses, type Contents, outermostOf, type ReasonedRule } from '../filter/index.ts';
import { type Bound, boundsOf } from './bound.ts';
import { isMarked } from './mark.ts';
import { netText } from './match.ts';
import { chainName, gateSet, policyChain } from './names.ts';
import { canPass } from './passing.ts';

/** Neighbours in the order of a tier, in one direction. */
export interface Stretch {
  /** Equal ones are one, whoever asks them. */
  readonly name: string;
  readonly direction: Direction;
  /** By `policyKey`. */
  readonly policies: readonly string[];
}

export function stretchOf(direction: Direction, policies: readonly string[]): Stretch {
  return { name: chainName(direction, policies.join(', ')), direction, policies };
}

/** Where a class asks a stretch. */
export function gateChain({ name }: Stretch): string {
  return `gate-${name}`;
}

function behindGate({ name }: Stretch): string {
  return `stretch-${name}`;
}

/**
 * A stretch behind its gate, for one family. The gate looks up what the rules of the stretch need, once for all that
 * need the same things, and whom none of them can match goes on behind the stretch. By `goto`: nobody is asked twice.
 */
export function renderStretch(
  stretch: Stretch,
  policies: readonly Policy[],
  family: Family,
  { marks }: Pick<PolicySettings, 'marks'>,
): Contents {
  const { name, direction } = stretch;
  const behind = behindGate(stretch);
  const address = `${family === 4 ? 'ip' : 'ip6'} ${direction === 'ingress' ? 'saddr' : 'daddr'}`;
  const bounds = policies.flatMap((policy) => boundsOf(policy, direction, family));
  const ways = Map.groupBy(bounds, ({ nets, sockets }) =>
    [nets === undefined ? [] : ['nets'], sockets === undefined ? [] : ['ports']].flat().join(' and '),
  );
  const sets: NonNullable<Contents['sets']>[number][] = [];
  const gate: ReasonedRule[] = [];
  for (const way of ['nets', 'ports', 'nets and ports']) {
    const its = ways.get(way);
    if (its === undefined) continue;
    const looks: string[] = [];
    if (its[0].sockets !== undefined) {
      const set = { name: gateSet(name, `ports of ${way}`), type: 'inet_proto . inet_service' };
      sets.push([set, socketsOf(its)]);
      looks.push(`meta l4proto . th dport @${set.name}`);
    }
    if (its[0].nets !== undefined) {
      const set = addresses(family, gateSet(name, `nets of ${way}`));
      sets.push([set, netsOf(its)]);
      looks.push(`${address} @${set.name}`);
    }
    gate.push({ expression: `${looks.join(' ')} goto ${behind}`, why: `${policies.length} policies by ${way}` });
  }
  return {
    sets,
    chains: [
      [{ name: behind }, asked(policies, direction, marks.pass)],
      [{ name: gateChain(stretch) }, gate],
    ],
  };
}

/** Renders the gate that holds while the kernel refuses the other: all are asked. */
export function renderOpenGate(
  stretch: Stretch,
  policies: readonly Policy[],
  { marks }: Pick<PolicySettings, 'marks'>,
): Contents {
  const behind = behindGate(stretch);
  const gate = { expression: `goto ${behind}`, why: 'its gate is refused' };
  return {
    chains: [
      [{ name: behind }, asked(policies, stretch.direction, marks.pass)],
      [{ name: gateChain(stretch) }, [gate]],
    ],
  };
}

function asked(policies: readonly Policy[], direction: Direction, passMark: number): readonly ReasonedRule[] {
  return policies.flatMap((policy) => [
    { expression: `jump ${policyChain(policy, direction)}`, why: policyIdText(policy.id) },
    ...(canPass(policy, direction) ? [{ expression: `${isMarked(passMark)} return`, why: 'the tier was passed' }] : []),
  ]);
}

function socketsOf(bounds: readonly Bound[]): readonly string[] {
  return [...new Set(bounds.flatMap(({ sockets = [] }) => sockets))].sort();
}

function netsOf(bounds: readonly Bound[]): readonly string[] {
  const nets: readonly Prefix[] = bounds.flatMap(({ nets = [] }) => nets);
  return outermostOf(nets).map(netText);
}
