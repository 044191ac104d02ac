/**
 * calc/policy: what the node's pods are held to.
 *
 *     policies of all kinds, Tier, Profile ─► parts ─┐
 *     WorkloadEndpoint of all nodes, HostEndpoint ───┼─► enforcing ─► DesiredPolicy
 *     NetworkSet, GlobalNetworkSet, Node, services ──┘
 *
 * Each object is read once for each of its states (`parts.ts`), by its own reader in `policy`, which fails closed. As long
 * as nothing in the cluster restricts anybody there is nothing to enforce, and nothing is kept for it (`restriction.ts`).
 * Else two indexes of labels are: which policies are for which endpoint of this node (`subjects.ts`), and who in the
 * cluster is meant by the rules of those (`ground.ts`). A changed label costs what it turns.
 */

import { same } from '../../base/index.ts';
import type { Problem, World } from '../../policy/index.ts';
import { type Cell, cell } from '../cell.ts';
import { type DesiredPolicy, PLAIN_SETTINGS, type PolicySettings } from '../desired/index.ts';
import type { FelixSettings } from '../felix.ts';
import { marksOf } from '../marks.ts';
import type { Sources, SourceUpdate } from '../sources.ts';
import { Enforcing, type EnforcingInputs } from './enforcing.ts';
import { failsafesOf } from './hosts.ts';
import { localEndpoint } from './local.ts';
import { partsOf } from './parts.ts';
import { Problems } from './problems.ts';
import { Readings } from './readings.ts';
import { Restriction } from './restriction.ts';
import { worldIf } from './what-if.ts';
import { worldOf } from './world.ts';

export interface PolicyCells {
  readonly desired: Cell<DesiredPolicy | undefined>;
  /** The whole cluster as a judge sees it. */
  readonly world: Cell<World>;
  /** The same, were these objects otherwise. */
  readonly worldIf: (updates: readonly SourceUpdate[]) => World;
}

export function policyCells(
  sources: Sources,
  nodename: string,
  felix: Cell<FelixSettings>,
  countsRules = false,
): PolicyCells {
  const parts = partsOf(sources);
  const { tiers, policies, profiles, pods, hosts, networkSets, nodes, services } = parts;
  const own = sources.of('WorkloadEndpoint');
  const locals = new Readings(localEndpoint);
  const local = cell([own], (endpoints) => locals.run(endpoints));
  const restriction = new Restriction();
  const restricted = cell(
    [policies, profiles, hosts, local, felix],
    (rules, inherited, machines, here, { defaultEndpointToHostAction: action }) =>
      restriction.run(rules, inherited, machines, here) || action === 'Drop',
  );
  const told = new Problems();
  const problems = cell([policies, profiles], (...all) => told.run(...all));
  const failsafes = cell([felix], failsafesOf, same);
  const toHost = cell([felix], ({ defaultEndpointToHostAction: action = 'Drop' }) => action);
  const inputs = cell(
    [tiers, policies, profiles, local, pods, hosts, networkSets, nodes, services, failsafes, toHost],
    (order, rules, inherited, here, everywhere, machines, sets, places, served, open, action): EnforcingInputs => ({
      ...{ tiers: order, policies: rules, profiles: inherited, local: here, pods: everywhere },
      ...{ hosts: machines, networkSets: sets, nodes: places, services: served },
      ...{ failsafes: open, endpointToHost: action },
    }),
  );
  const settings = cell([felix], (given) => ({ ...settingsOf(given), ...(countsRules && { countsRules }) }), same);
  let enforcing: Enforcing | undefined;
  const desired = cell<[boolean, readonly Problem[], EnforcingInputs, PolicySettings], DesiredPolicy | undefined>(
    [restricted, problems, inputs, settings],
    (isRestricted, unclear, all, how) => {
      if (isRestricted) enforcing ??= new Enforcing(nodename);
      else enforcing = undefined;
      return enforcing && { ...enforcing.run(all), problems: unclear, settings: how };
    },
    isSame,
  );
  return { desired, world: worldOf(parts), worldIf: (updates) => worldIf(parts, updates) };
}

function settingsOf(felix: FelixSettings): PolicySettings {
  const { accept, pass, local } = marksOf(felix);
  return {
    logPrefix: felix.logPrefix || PLAIN_SETTINGS.logPrefix,
    logRate: felix.logActionRateLimit ?? PLAIN_SETTINGS.logRate,
    logBurst: felix.logActionRateLimitBurst ?? PLAIN_SETTINGS.logBurst,
    dropsInvalid: felix.disableConntrackInvalidCheck !== true,
    rejects: (felix.nftablesFilterDenyAction || felix.iptablesFilterDenyAction) === 'Reject',
    marks: { accept, pass, local },
    maxSetSize: Math.max(0, felix.maxIpsetSize ?? 0) || PLAIN_SETTINGS.maxSetSize,
  };
}

/** Whether each section is the same object. */
function isSame(a: DesiredPolicy | undefined, b: DesiredPolicy | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return (Object.keys({ ...a, ...b }) as (keyof DesiredPolicy)[]).every((section) => a[section] === b[section]);
}
