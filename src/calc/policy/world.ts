import { World } from '../../policy/index.ts';
import { type Cell, cell } from '../cell.ts';
import type { Parts } from './parts.ts';

/** The parts as they are at one moment. */
export type WorldEntries = {
  readonly [Part in keyof Parts]: Parts[Part] extends Cell<Iterable<readonly [string, infer V]>> ? Values<V> : never;
};

interface Values<V> extends Iterable<readonly [key: string, value: V]> {
  values(): Iterable<V>;
}

/** The whole cluster as a judge sees it; made when somebody asks, and again only when something of it has changed. */
export function worldOf({ policies, tiers, profiles, networkSets, nodes, hosts, pods, services }: Parts): Cell<World> {
  return cell(
    [policies, tiers, profiles, networkSets, nodes, hosts, pods, services],
    (rules, order, inherited, sets, machines, interfaces, workloads, served) =>
      worldFrom({
        ...{ policies: rules, tiers: order, profiles: inherited, networkSets: sets },
        ...{ nodes: machines, hosts: interfaces, pods: workloads, services: served },
      }),
  );
}

export function worldFrom(entries: WorldEntries): World {
  const { policies, tiers, profiles, networkSets, nodes, hosts, pods, services } = entries;
  return new World({
    policies: [...policies.values()].flatMap((read) => read.policies),
    tiers: [...tiers.values()],
    profiles: [...profiles.values()].map(({ profile }) => profile),
    endpoints: [...pods.values(), ...hosts.values()],
    networkSets: [...networkSets.values()],
    nodes: [...nodes.values()],
    services: new Map(services),
  });
}
