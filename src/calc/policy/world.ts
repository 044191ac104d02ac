import { World } from '../../policy/index.ts';
import { type Cell, cell } from '../cell.ts';
import type { Parts } from './parts.ts';

/** The whole cluster as a judge sees it; made when somebody asks, and again only when something of it has changed. */
export function worldOf({ policies, tiers, profiles, networkSets, nodes, hosts, pods, services }: Parts): Cell<World> {
  return cell(
    [policies, tiers, profiles, networkSets, nodes, hosts, pods, services],
    (rules, order, inherited, sets, machines, interfaces, workloads, served) =>
      new World({
        policies: [...rules.values()].flatMap((read) => read.policies),
        tiers: [...order.values()],
        profiles: [...inherited.values()].map(({ profile }) => profile),
        endpoints: [...workloads.values(), ...interfaces.values()],
        networkSets: [...sets.values()],
        nodes: [...machines.values()],
        services: new Map(served),
      }),
  );
}
