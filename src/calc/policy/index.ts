/**
 * calc/policy: what the node's pods are held to.
 *
 *     NetworkPolicy, GlobalNetworkPolicy, staged kinds ─► policies ─┐
 *     Tier, Profile ─► tiers, profiles ─────────────────────────────┤
 *     WorkloadEndpoint of all nodes, HostEndpoint ─► pods, hosts ───┼─► DesiredPolicy
 *     NetworkSet, GlobalNetworkSet, Node ─► sets, nodes ────────────┘
 *
 * Each object is read once for each of its states (`parts.ts`), by its own reader in `policy`, which fails closed. As long
 * as nothing in the cluster restricts anybody there is nothing to enforce (`restriction.ts`).
 */
import { enforcementOf, type World } from '../../policy/index.ts';
import { type Cell, cell } from '../cell.ts';
import type { DesiredPolicy } from '../desired/index.ts';
import type { Sources } from '../sources.ts';
import { localEndpoints } from './local.ts';
import { partsOf } from './parts.ts';
import { EnforcementChanges } from './plain.ts';
import { isRestricted } from './restriction.ts';
import { worldOf } from './world.ts';

export interface PolicyCells {
  readonly desired: Cell<DesiredPolicy | undefined>;
  /** The whole cluster as a judge sees it. */
  readonly world: Cell<World>;
}

export function policyCells(sources: Sources): PolicyCells {
  const parts = partsOf(sources);
  const world = worldOf(parts);
  const own = sources.of('WorkloadEndpoint');
  const local = cell([own], (endpoints) => localEndpoints(endpoints));
  const restricted = cell([parts.policies, parts.profiles, parts.hosts, local], isRestricted);
  const problems = cell([parts.policies, parts.profiles], (policies, profiles) => [
    ...[...policies.values()].flatMap((read) => read.problems),
    ...[...profiles.values()].flatMap((read) => read.problems),
  ]);
  const changes = new EnforcementChanges();
  const enforced = cell([world, local], (all, pods) => changes.run(enforcementOf(all, pods)));
  const whole = cell(
    [enforced, problems],
    (sections, told): DesiredPolicy => ({ ...sections, problems: told }),
    (a, b) => Object.keys(a).every((key) => a[key as keyof DesiredPolicy] === b[key as keyof DesiredPolicy]),
  );
  return { desired: () => (restricted() ? whole() : undefined), world };
}
