import { type Entries, same } from '../base/index.ts';
import type { BGPConfiguration, Node } from '../model/index.ts';
import type { AnsweringNode } from './answering-nodes.ts';
import { askedEgress } from './asked-egress.ts';
import { type Cell, cell } from './cell.ts';
import type { Announcement, DesiredEgress, DesiredServices, HostAddresses, ProxiedAddress } from './desired/index.ts';
import { desiredEgress, egressAddresses, egressAnnouncements, plainPools, stuckPools } from './egress.ts';
import type { FelixSettings } from './felix.ts';
import { desiredServices } from './nat.ts';
import type { Sources } from './sources.ts';

interface EgressInputs {
  readonly nodes: Cell<Entries<Node>>;
  readonly answering: Cell<Entries<AnsweringNode>>;
  readonly configurations: Cell<ReadonlyMap<string, BGPConfiguration>>;
  readonly felix: Cell<FelixSettings>;
  readonly hosts: Cell<HostAddresses>;
}

/** The consequences of pools with an address of their own for traffic that leaves the cluster. */
export interface EgressCells {
  readonly services: Cell<DesiredServices>;
  readonly egress: Cell<DesiredEgress | undefined>;
  /** The addresses that this node answers for as a gateway. */
  readonly gateways: Cell<readonly ProxiedAddress[]>;
  /** The addresses that it announces as one. */
  readonly announced: Cell<readonly Announcement[]>;
  /** The wishes of pools that can't be met. */
  readonly unmet: Cell<readonly string[]>;
}

export function egressCells(sources: Sources, nodename: string, given: EgressInputs, withBgp: boolean): EgressCells {
  const { nodes, answering, configurations, felix, hosts } = given;
  const all = sources.of('IPPool');
  const read = cell([all], askedEgress, same);
  const services = cell(
    [felix, configurations, read],
    (settings, ranges, { asked }) => desiredServices(settings, ranges, asked.length > 0),
    same,
  );
  const egress = cell(
    [read, nodes, answering, all, services, hosts, felix],
    (asked, present, ready, pools, ranges, own, settings) =>
      desiredEgress(asked, {
        nodename,
        nodes: present,
        answering: ready,
        pools,
        services: ranges,
        hosts: own,
        felix: settings,
        withBgp,
      }),
    same,
  );
  return {
    services,
    egress,
    gateways: cell([egress], egressAddresses, same),
    announced: cell([egress], egressAnnouncements, same),
    unmet: cell(
      [read, egress, felix],
      ({ problems }, now, settings) => [...problems, ...stuckPools(now), ...plainPools(now, settings)],
      same,
    ),
  };
}
