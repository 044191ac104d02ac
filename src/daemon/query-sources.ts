import type { Observers } from './observers.ts';
import type { NodeParts } from './parts.ts';
import type { QuerySources } from './queries.ts';
import { bgpUnready, sessionsDown } from './readiness.ts';

/** The facts that only the node itself knows of its life. */
export interface LifeSoFar {
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** Since the start, in milliseconds, by a clock that nobody sets. */
  readonly age: number;
  readonly isServing: boolean;
  /** The problem that keeps pods waiting, though no part says so. */
  readonly problem: string | undefined;
}

/** Where answers about the node come from: each part is asked when somebody wants to know. */
export function querySources(
  parts: NodeParts,
  { history, policyCheck, flows, paths }: Observers,
  life: () => LifeSoFar,
): QuerySources {
  const { given, config, dataplane, routing, calculation, syncer, keeping, trouble, lock } = parts;
  return {
    nodename: config.NODENAME,
    datastoreType: given.datastoreType,
    startedAt: life().startedAt,
    age: () => life().age,
    dataplane,
    peers: () => routing.peers(),
    desired: () => calculation.desired(),
    advertised: () => calculation.advertised(),
    learned: (family, prefix) => routing.learned(family, prefix),
    kinds: () => syncer.status(),
    allBlocks: () => keeping.blocks(),
    interfacePrefix: config.FELIX_INTERFACEPREFIX,
    history,
    serving: () =>
      life().isServing && !lock.isLocked && parts.loop.problem === undefined && trouble.problems().length === 0,
    lastError: (peer) => parts.sessions.of(peer),
    problems: () => [...waitingFor(parts, life().problem), ...trouble.problems(), ...bgpProblems(parts, life().age)],
    degraded: () => [
      ...parts.pages.problems(),
      ...keeping.problems(),
      ...parts.unprotected.problems(),
      ...parts.secrets.problems(),
      ...parts.snapshots.problems(),
      ...parts.mtuFile.problems(),
      ...parts.nameFile.problems(),
      ...parts.deletions.problems(),
      ...policyCheck.problems(),
      ...flows.problems(),
      ...(paths?.problems() ?? []),
      ...(given.settingProblems ?? []),
      ...parts.drain.problems(),
      ...routing.problems(),
      ...(routing.isAsked ? sessionsDown(routing.peers()) : []),
    ],
  };
}

/** The problems that keep pods waiting, the gravest first; the node's own problem comes last. */
export function waitingFor({ lock, room, loop }: NodeParts, own: string | undefined): readonly string[] {
  return [lock.problem(), room.problem(), loop.problem, own].filter((problem) => problem !== undefined);
}

function bgpProblems({ config, calculation, routing }: NodeParts, age: number): readonly string[] {
  if (!routing.isAsked) return [];
  return bgpUnready({
    wanted: config.CALICO_NETWORKING_BACKEND === 'bird',
    desired: calculation.desired().bgp,
    peers: routing.peers(),
    listening: routing.notListening,
    restarting: routing.restarting,
    age,
  });
}
