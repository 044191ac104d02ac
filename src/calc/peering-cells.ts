import { type Entries, same } from '../base/index.ts';
import type { BGPConfiguration, Node } from '../model/index.ts';
import { bfdInterfaces, bfdProblems } from './bfd.ts';
import { type Cell, cell, keeping } from './cell.ts';
import type { BfdInterface, DesiredFilter, DesiredPeer } from './desired/index.ts';
import { LocalEnds } from './local-peers.ts';
import { passedOver } from './passed-over.ts';
import { filterProblems, PeerRefusals, RunningPeers, UsedFilters, UsedSecrets } from './peer-problems.ts';
import { Peerings } from './peers.ts';
import type { Sources } from './sources.ts';

/** The inputs of sessions beside the objects that ask for them. */
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
 *     Node, BFDConfiguration ─► watched
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
  readonly watched: Cell<readonly BfdInterface[]>;
} {
  const wanted = sources.of('BGPPeer');
  const secrets = (): ReturnType<Sources['secrets']> => sources.secrets();
  const askers = [sources.of('Node'), sources.of('BGPConfiguration'), wanted] as const;
  const inputs = [...askers, secrets, sources.of('WorkloadEndpoint')] as const;
  const peerings = cell(inputs, keeping(new Peerings(nodename)));
  const peers = cell([peerings], keeping(new RunningPeers()));
  const used = cell([peers], keeping(new UsedFilters()));
  const detections = sources.of('BFDConfiguration');
  const watched = cell([self, detections], bfdInterfaces, same);
  return {
    watched,
    peers,
    localEnds: cell([peers], keeping(new LocalEnds())),
    secretNames: cell([peerings], keeping(new UsedSecrets())),
    problems: cell(
      [
        cell([peerings], keeping(new PeerRefusals())),
        cell([self, wanted, configurations], passedOver, same),
        cell([used, filters], filterProblems, same),
        cell([watched, self, wanted], bfdProblems, same),
      ],
      (...parts) => parts.flat(),
    ),
  };
}
