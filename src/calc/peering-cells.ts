import { type Entries, same } from '../base/index.ts';
import type { BGPConfiguration, Node } from '../model/index.ts';
import { type Cell, cell, keeping } from './cell.ts';
import type { DesiredFilter, DesiredPeer } from './desired/index.ts';
import { LocalEnds } from './local-peers.ts';
import { filterProblems, PeerRefusals, passedOver, RunningPeers, UsedFilters, UsedSecrets } from './peer-problems.ts';
import { Peerings } from './peers.ts';
import type { Sources } from './sources.ts';

/** What the sessions depend on beside the objects that ask for them. */
interface PeeringCellInputs {
  readonly self: Cell<Node | undefined>;
  readonly configurations: Cell<ReadonlyMap<string, BGPConfiguration>>;
  readonly filters: Cell<ReadonlyMap<string, DesiredFilter>>;
}

/**
 * The node's sessions, and what follows from them:
 *
 *     Node, BGPConfiguration, BGPPeer, Secrets, own pods ─► peerings ─┬─► peers ─► localEnds
 *                                                                     └─► secretNames, problems
 */
export function peeringCells(
  sources: Sources,
  nodename: string,
  { self, configurations, filters }: PeeringCellInputs,
): {
  readonly peers: Cell<Entries<DesiredPeer>>;
  readonly localEnds: Cell<ReadonlyMap<string, string>>;
  readonly secretNames: Cell<readonly string[]>;
  readonly problems: Cell<readonly string[]>;
} {
  const wanted = sources.of('BGPPeer');
  const secrets = (): ReturnType<Sources['secrets']> => sources.secrets();
  const askers = [sources.of('Node'), sources.of('BGPConfiguration'), wanted] as const;
  const inputs = [...askers, secrets, sources.of('WorkloadEndpoint')] as const;
  const peerings = cell(inputs, keeping(new Peerings(nodename)));
  const peers = cell([peerings], keeping(new RunningPeers()));
  const used = cell([peers], keeping(new UsedFilters()));
  return {
    peers,
    localEnds: cell([peers], keeping(new LocalEnds())),
    secretNames: cell([peerings], keeping(new UsedSecrets())),
    problems: cell(
      [
        cell([peerings], keeping(new PeerRefusals())),
        cell([self, wanted, configurations], passedOver, same),
        cell([used, filters], filterProblems, same),
      ],
      (...parts) => parts.flat(),
    ),
  };
}
