import { type Clock, EndingClock, type Log } from '../base/index.ts';
import { Calculation, isOfOthers } from '../calc/index.ts';
import { answeredAnnotations, deletionsFolder, type Request } from '../control/index.ts';
import { Dataplane } from '../dataplane/index.ts';
import {
  checkedStore,
  DatastoreLock,
  DatastoreRoom,
  type Store,
  Syncer,
  type SyncStatus,
  tellingStore,
  type Update,
} from '../datastore/index.ts';
import { Endpoints, FastPath, PodTrouble, QueuedDeletions, Timelines } from '../endpoints/index.ts';
import { Keeping } from '../keeping/index.ts';
import { hailLink, type Kernel } from '../netlink/index.ts';
import type { Nft, RulesetSource } from '../nftables/index.ts';
import type { Metrics } from '../observe/index.ts';
import { Routing } from '../routing/index.ts';
import { type DaemonConfig, felixOf } from './config.ts';
import { countedNft } from './counted-nft.ts';
import { Drain } from './drain.ts';
import { followedKinds } from './followed-kinds.ts';
import { KeptFile } from './kept-file.ts';
import { LiveConnections } from './live-connections.ts';
import { Loop } from './loop.ts';
import { PageServers } from './page-servers.ts';
import { PeerSecrets } from './peer-secrets.ts';
import { objectProblems, type QuerySources } from './queries.ts';
import { routerIds } from './router-id.ts';
import { SessionHistory } from './session-history.ts';
import { SnapshotKeeping } from './snapshot-keeping.ts';
import { bgpListenFailure } from './start-failure.ts';
import type { Supervisor } from './supervisor.ts';
import { Unprotected } from './unprotected.ts';

/** Tunnels whose addresses the other nodes send to: they hear of one when its device is there. */
const TUNNEL_DEVICE: { readonly [kind: string]: 'ipip' | 'vxlan4' | 'vxlan6' | undefined } = {
  ipip: 'ipip',
  vxlan: 'vxlan4',
  vxlanV6: 'vxlan6',
};

/** Of these kinds an own write is acted on at once, and not when the datastore tells of it: a pod waits for them. */
const TOLD = ['WorkloadEndpoint', 'IPAMBlock', 'BlockAffinity'] as const;

/** The parts that a node is made from. */
export interface DaemonParts {
  readonly config: DaemonConfig;
  readonly store: Store;
  readonly datastoreType: string;
  readonly kernel: Kernel;
  readonly nft: Nft;
  /** Reads the packet filter's tables back; absent: nobody does. */
  readonly rulesets?: RulesetSource;
  readonly clock: Clock;
  readonly log: Log;
  /** The process that started the daemon and waits to hear from it; absent: none. */
  readonly supervisor?: Supervisor;
  /** The faults of the settings that a node can run with. */
  readonly settingProblems?: readonly string[];
}

/** The calls of the parts to the node that they make up. */
export interface NodeLife {
  readonly heard: (updates: readonly Update[]) => void;
  readonly synced: (status: SyncStatus) => void;
  readonly begin: () => Promise<void>;
  readonly apply: () => Promise<void>;
  /** Where what takes time is told of. */
  readonly metrics: () => Metrics;
  readonly sources: () => QuerySources;
  /** As over the control socket. */
  readonly answer: (request: Request) => Promise<unknown>;
}

export type NodeParts = ReturnType<typeof joinParts>;

/** Makes the parts of the loop and joins them: who hears of what. None of them does anything yet. */
export function joinParts(given: DaemonParts, life: NodeLife) {
  const { config, kernel } = given;
  /** Ends with the daemon: an attempt that was under way must not plan another one. */
  const clock = new EndingClock(given.clock);
  const log = given.log;
  const policyLog = log.child({ component: 'policy' });
  const nodename = config.NODENAME;

  const lock = new DatastoreLock(log);
  const room = new DatastoreRoom({ clock, log, nodename });
  const written = checkedStore(room.watched(lock.guarded(given.store)));
  const store = tellingStore(written, TOLD, () => syncer);

  const calculation = new Calculation({
    nodename,
    ...routerIds(config),
    bgp: config.CALICO_NETWORKING_BACKEND === 'bird',
    environment: felixOf(config),
    clusterIPs: config.CALICO_ADVERTISE_CLUSTER_IPS,
    countsRules: config.VROUTER_POLICY_RULE_COUNTERS,
  });
  const mtuFile = new KeptFile(config.VROUTER_MTU_FILE, "the pods' MTU can't be written down", clock, log);
  /** Where the CNI plugin of other versions, and our own next start, find the node's name. */
  const nameFile = new KeptFile(config.CALICO_NODENAME_FILE, "the node's name can't be written down", clock, log);

  const dataplane = new Dataplane({
    kernel,
    nft: countedNft(given.nft, life.metrics),
    clock,
    log: log.child({ component: 'dataplane' }),
    resyncInterval: config.FELIX_ROUTEREFRESHINTERVAL * 1000,
    interfacePrefix: config.FELIX_INTERFACEPREFIX,
    onTopology: () => {
      routing.topologyChanged();
      keeping.topologyChanged();
    },
    onPodMtu: (mtu) => {
      if (mtuFile.write(String(mtu))) log.info({ file: config.VROUTER_MTU_FILE, mtu }, "the pods' MTU");
    },
    onRoutesSettled: () => routing.routesSettled(),
    onRoutesWritten: (seconds) => life.metrics().routeSeconds.observe(seconds),
    onIpip: () => {
      routing.tunnelChanged();
      keeping.tunnelReady();
    },
    onVxlan: () => keeping.tunnelReady(),
    onKey: (family, key) => keeping.key(family, key),
  });
  const liveConnections = new LiveConnections({
    kernel,
    clock,
    log: policyLog,
    world: () => calculation.world(),
    acknowledged: () => dataplane.policy.settled,
  });
  const sessions = new SessionHistory();
  const routing = new Routing({
    kernel,
    links: dataplane.links,
    hail: hailLink,
    podPrefix: config.FELIX_INTERFACEPREFIX,
    routes: dataplane.routes,
    tunnels: dataplane.tunnels,
    clock,
    log,
    timers: {
      holdTime: config.VROUTER_BGP_HOLD_TIME,
      connectRetryTime: config.VROUTER_BGP_CONNECT_RETRY_TIME,
      restartTime: config.VROUTER_BGP_RESTART_TIME,
      maxRestartTime: config.VROUTER_BGP_MAX_RESTART_TIME,
      maxStaleTime: config.VROUTER_BGP_MAX_STALE_TIME,
      gracefulNotification: config.VROUTER_BGP_GRACEFUL_NOTIFICATION,
    },
    onEvent: (event) => sessions.heard(event, clock.wallTime()),
    explainListening: bgpListenFailure,
    onConverged: (seconds) => life.metrics().updateToKernel.observe(seconds),
  });
  const drain = new Drain({ routing, clock, log });
  const pages = new PageServers({ clock, log });
  const onAttempt = (seconds: number): void => life.metrics().applySeconds.observe(seconds);
  const loop = new Loop({ clock, log, begin: life.begin, apply: life.apply, onAttempt });
  const secrets = new PeerSecrets({
    secrets: store.secrets,
    clock,
    log,
    onSecret: (name, data) => {
      if (calculation.setSecret(name, data) && loop.isStarted) loop.changed();
    },
  });
  const unprotected = new Unprotected({ nodename, environment: felixOf(config) });
  const keeping = new Keeping({
    ...given,
    store,
    clock,
    tunnelIsReady: (kind) => {
      const device = TUNNEL_DEVICE[kind];
      return device === undefined || dataplane.tunnels.isReady(device);
    },
    nodeStatus: async (classes) =>
      (await import('./calico-node-status.ts')).calicoNodeStatus(classes, life.sources(), routing.speaker),
    nodeAnswer: (annotations) => answeredAnnotations(annotations, life.answer),
    problems: () => [...objectProblems(life.sources()), ...unprotected.remarks()],
  });
  const snapshots = new SnapshotKeeping({
    path: config.VROUTER_SNAPSHOT,
    nodename,
    datastore: given.datastoreType,
    maxAge: config.VROUTER_SNAPSHOT_MAX_AGE,
    clock,
    log,
    objects: () => calculation.inputs(),
  });
  const syncer = new Syncer({
    store,
    kinds: followedKinds(given.datastoreType),
    clock,
    log: log.child({ component: 'datastore' }),
    passes: (resource) => isOfOthers(nodename, resource),
    onUpdates: life.heard,
    onStatus: life.synced,
  });

  const trouble = new PodTrouble(kernel, clock);
  const timelines = new Timelines(clock, log.child({ component: 'endpoints' }));
  const endpoints = new Endpoints({
    trouble,
    nodename,
    interfacePrefix: config.FELIX_INTERFACEPREFIX,
    store,
    ipam: keeping.ipam,
    kernel,
    clock,
    log: log.child({ component: 'endpoints' }),
    dataplane,
    fastPath: new FastPath({ syncer, dataplane, loop, routing }),
    timelines,
  });
  const folder = deletionsFolder(config.VROUTER_SOCKET);
  const deletions = new QueuedDeletions(folder, (request) => endpoints.del(request), { clock, log });

  return {
    given,
    ...{ config, clock, log, store, kernel, lock, room, calculation, mtuFile, nameFile, dataplane, liveConnections },
    ...{
      sessions,
      routing,
      drain,
      secrets,
      pages,
      loop,
      unprotected,
      keeping,
      snapshots,
      syncer,
      trouble,
      endpoints,
      deletions,
      timelines,
    },
  } as const;
}
