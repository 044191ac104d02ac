import { type Clock, EndingClock, type Log } from '../base/index.ts';
import { Calculation, isOfOthers } from '../calc/index.ts';
import { deletionsFolder, KeptSocket } from '../control/index.ts';
import { Dataplane } from '../dataplane/index.ts';
import {
  checkedStore,
  DatastoreLock,
  DatastoreRoom,
  type ResourceKey,
  type Store,
  Syncer,
  type SyncStatus,
  tellingStore,
  type Update,
} from '../datastore/index.ts';
import { Endpoints, FastPath, PodTrouble, QueuedDeletions } from '../endpoints/index.ts';
import { Keeping } from '../keeping/index.ts';
import type { Kernel } from '../netlink/index.ts';
import type { Nft, RulesetSource } from '../nftables/index.ts';
import { Heartbeat, Metrics, type NodeReport, nodePages } from '../observe/index.ts';
import { Routing } from '../routing/index.ts';
import { bgpAnswers } from './bgp-questions.ts';
import { type DaemonConfig, felixOf } from './config.ts';
import { DropEvents } from './drop-events.ts';
import { Drops } from './drops.ts';
import { followedKinds } from './followed-kinds.ts';
import { KeptFile } from './kept-file.ts';
import { LiveConnections } from './live-connections.ts';
import { Loop } from './loop.ts';
import { PageServers } from './page-servers.ts';
import { PolicyCheck } from './policy-check.ts';
import { policyAnswers, policyClasses } from './policy-questions.ts';
import { ProblemHistory } from './problem-history.ts';
import { kernelRefusals, nodeReport, objectProblems, type QuerySources } from './queries.ts';
import { bgpUnready } from './readiness.ts';
import { answer, type RequestSources } from './requests.ts';
import { routerIds } from './router-id.ts';
import { RuleCounts } from './rule-counts.ts';
import { SessionHistory } from './session-history.ts';
import { SnapshotKeeping } from './snapshot-keeping.ts';
import { bgpListenFailure, startFailure } from './start-failure.ts';
import { StartGarbage } from './start-garbage.ts';
import { Unprotected } from './unprotected.ts';

/** Tunnels whose addresses the other nodes send to: they hear of one when its device is there. */
const TUNNEL_DEVICE: { readonly [kind: string]: 'ipip' | 'vxlan4' | 'vxlan6' | undefined } = {
  ipip: 'ipip',
  vxlan: 'vxlan4',
  vxlanV6: 'vxlan6',
};

/** Of these kinds an own write is acted on at once, and not when the datastore tells of it: a pod waits for them. */
const TOLD = ['WorkloadEndpoint', 'IPAMBlock', 'BlockAffinity'] as const;

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
  /** What is wrong with the settings, though a node can run with them. */
  readonly settingProblems?: readonly string[];
}

/**
 * The node: one loop from the store through the calculation to two reconcilers.
 *
 *     store ─ Syncer ─► Calculation ─► desired ─┬─► Dataplane ─► kernel
 *                            ▲                  └─► Routing ──► peers
 *              CNI ─ Endpoints (store, and the loop early)
 *
 * This is the only place where the parts are made and joined.
 */
export class Daemon {
  readonly #parts: DaemonParts;
  /** Ends with the daemon: an attempt that was under way must not plan another one. */
  readonly #clock: EndingClock;
  readonly #calculation: Calculation;
  readonly #lock: DatastoreLock;
  readonly #room: DatastoreRoom;
  readonly #syncer: Syncer;
  readonly #keeping: Keeping;
  readonly #dataplane: Dataplane;
  readonly #routing: Routing;
  readonly #liveConnections: LiveConnections;
  readonly #loop: Loop;
  readonly #fastPath: FastPath;
  readonly #endpoints: Endpoints;
  readonly #deletions: QueuedDeletions;
  readonly #trouble: PodTrouble;
  readonly #unprotected: Unprotected;
  readonly #drops: Drops;
  /** Undefined: nobody asked for them, or the datastore has no place for them. */
  readonly #dropEvents: DropEvents | undefined;
  readonly #policyCheck: PolicyCheck;
  readonly #sessions = new SessionHistory();
  readonly #heartbeat: Heartbeat;
  readonly #history: ProblemHistory;
  readonly #snapshots: SnapshotKeeping;
  readonly #mtuFile: KeptFile;
  /** Where the CNI plugin of other versions, and our own next start, find the node's name. */
  readonly #nameFile: KeptFile;
  readonly #startGarbage: StartGarbage;
  #syncStatus: SyncStatus | undefined;
  #hasSynced = false;
  #isServing = false;
  readonly #metrics: Metrics;
  readonly #requests: RequestSources;
  readonly #stopping = new AbortController();
  readonly #startedAt: number;
  /** The same by a clock that nobody sets. */
  readonly #began: number;
  readonly #pages: PageServers;
  #control: KeptSocket | undefined;
  #problem: string | undefined = 'the node is not registered yet';

  constructor(given: DaemonParts) {
    this.#clock = new EndingClock(given.clock);
    this.#lock = new DatastoreLock(given.log);
    this.#room = new DatastoreRoom({ clock: this.#clock, log: given.log, nodename: given.config.NODENAME });
    const written = checkedStore(this.#room.watched(this.#lock.guarded(given.store)));
    const parts = { ...given, store: tellingStore(written, TOLD, () => this.#syncer), clock: this.#clock };
    const { config, store, kernel, clock, log } = parts;
    this.#parts = parts;
    this.#startedAt = clock.wallTime();
    this.#began = clock.now();
    this.#calculation = new Calculation({
      nodename: config.NODENAME,
      ...routerIds(config),
      bgp: config.CALICO_NETWORKING_BACKEND === 'bird',
      environment: felixOf(config),
      countsRules: config.VROUTER_POLICY_RULE_COUNTERS,
    });
    const mtuFile = new KeptFile(config.VROUTER_MTU_FILE, "the pods' MTU can't be written down", clock, log);
    this.#mtuFile = mtuFile;
    const nameTrouble = "the node's name can't be written down";
    this.#nameFile = new KeptFile(config.CALICO_NODENAME_FILE, nameTrouble, clock, log);
    this.#dataplane = new Dataplane({
      kernel,
      nft: parts.nft,
      clock,
      log: log.child({ component: 'dataplane' }),
      resyncInterval: config.FELIX_ROUTEREFRESHINTERVAL * 1000,
      interfacePrefix: config.FELIX_INTERFACEPREFIX,
      onTopology: () => {
        this.#routing.topologyChanged();
        this.#keeping.topologyChanged();
      },
      onPodMtu: (mtu) => {
        if (mtuFile.write(String(mtu))) log.info({ file: config.VROUTER_MTU_FILE, mtu }, "the pods' MTU");
      },
      onRoutesSettled: () => this.#routing.routesSettled(),
      onIpip: () => {
        this.#routing.tunnelChanged();
        this.#keeping.tunnelReady();
      },
      onVxlan: () => this.#keeping.tunnelReady(),
      onKey: (family, key) => this.#keeping.key(family, key),
    });
    this.#liveConnections = new LiveConnections({
      kernel,
      clock,
      log: log.child({ component: 'policy' }),
      world: () => this.#calculation.world(),
      acknowledged: () => this.#dataplane.policy.settled,
    });
    this.#routing = new Routing({
      kernel,
      linkName: (index) => this.#dataplane.links.get(index)?.name,
      routes: this.#dataplane.routes,
      tunnels: this.#dataplane.tunnels,
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
      onEvent: (event) => this.#sessions.heard(event, clock.wallTime()),
      explainListening: bgpListenFailure,
      onConverged: (seconds) => this.#metrics.updateToKernel.observe(seconds),
    });
    this.#pages = new PageServers({ clock, log });
    this.#loop = new Loop({ clock, log, begin: () => this.#begin(), apply: () => this.#apply() });
    this.#keeping = new Keeping({
      ...parts,
      tunnelIsReady: (kind) => {
        const device = TUNNEL_DEVICE[kind];
        return device === undefined || this.#dataplane.tunnels.isReady(device);
      },
      nodeStatus: async (classes) =>
        (await import('./calico-node-status.ts')).calicoNodeStatus(classes, this.#sources(), this.#routing.speaker),
      problems: () => [...objectProblems(this.#sources()), ...this.#unprotected.remarks()],
    });
    this.#snapshots = new SnapshotKeeping({
      path: config.VROUTER_SNAPSHOT,
      nodename: config.NODENAME,
      datastore: parts.datastoreType,
      maxAge: config.VROUTER_SNAPSHOT_MAX_AGE,
      clock,
      log,
      objects: () => this.#calculation.inputs(),
    });
    this.#syncer = new Syncer({
      store,
      kinds: followedKinds(parts.datastoreType),
      clock,
      log: log.child({ component: 'datastore' }),
      passes: (resource) => isOfOthers(config.NODENAME, resource),
      onUpdates: (batch) => this.#heard(batch),
      onStatus: (status) => this.#synced(status),
    });
    this.#fastPath = new FastPath({
      syncer: this.#syncer,
      dataplane: this.#dataplane,
      loop: this.#loop,
      routing: this.#routing,
    });
    this.#trouble = new PodTrouble(kernel, clock);
    this.#endpoints = new Endpoints({
      trouble: this.#trouble,
      nodename: config.NODENAME,
      interfacePrefix: config.FELIX_INTERFACEPREFIX,
      store,
      ipam: this.#keeping.ipam,
      kernel,
      clock,
      log: log.child({ component: 'endpoints' }),
      dataplane: this.#dataplane,
      fastPath: this.#fastPath,
    });
    const deletions = deletionsFolder(config.VROUTER_SOCKET);
    this.#deletions = new QueuedDeletions(deletions, (request) => this.#endpoints.del(request), { clock, log });
    this.#unprotected = new Unprotected({ nodename: config.NODENAME, environment: felixOf(config) });
    const world = () => this.#calculation.world();
    const { policy } = this.#dataplane;
    const tierOf = (name: string) => {
      const { policies, hosts } = this.#calculation.desired().policy ?? {};
      return (policies?.get(name) ?? hosts?.policies.get(name))?.tier;
    };
    this.#drops = new Drops({ kernel, policy, world, tierOf, clock, log: log.child({ component: 'policy' }) });
    if (config.VROUTER_POLICY_DROP_EVENTS && store.remarks !== undefined) {
      this.#dropEvents = new DropEvents({
        ...{ remarks: store.remarks, nodename: config.NODENAME, clock, log: log.child({ component: 'policy' }) },
        podAt: (address) => this.#podAt(address),
      });
    }
    const ruleCounts = new RuleCounts({ kernel, policy, drops: () => this.#drops.counted(), tierOf });
    const answers = policyAnswers({
      nodename: config.NODENAME,
      world,
      worldIf: (updates) => this.#calculation.worldIf(updates),
      desired: () => this.#calculation.desired(),
      kernel,
      dataplane: this.#dataplane,
      rulesets: parts.rulesets,
    });
    this.#policyCheck = new PolicyCheck({
      classes: () => policyClasses(this.#calculation.desired()),
      answers,
      clock,
      log: log.child({ component: 'policy' }),
    });
    this.#heartbeat = new Heartbeat(clock);
    this.#history = new ProblemHistory(clock);
    this.#history.follow(() => this.status());
    this.#startGarbage = new StartGarbage(clock);
    this.#metrics = new Metrics({
      heartbeat: this.#heartbeat,
      status: () => this.status(),
      routesWritten: () => ({ ...this.#dataplane.routes.written }),
      refused: () => kernelRefusals(this.#dataplane),
      ipam: () => this.#keeping.samples(),
      ignored: () => this.#calculation.ignored,
      policy: {
        drops: () => this.#drops.counted(),
        disagreements: () => this.#policyCheck.disagreements,
        rules: config.VROUTER_POLICY_RULE_COUNTERS ? () => ruleCounts.samples() : undefined,
      },
    });
    this.#requests = {
      policy: answers,
      drops: this.#drops,
      bgp: bgpAnswers({ queries: () => this.#sources(), routing: this.#routing, sessions: this.#sessions }),
      endpoints: this.#endpoints,
      deletions: this.#deletions,
      queries: () => this.#sources(),
      resync: () => this.#dataplane.resync(),
      metrics: this.#metrics,
      log,
      problem: () => this.#lock.problem() ?? this.#room.problem() ?? this.#loop.problem ?? this.#problem,
    };
  }

  /** Registers the node and starts to follow the store. Resolves when both are under way; the rest follows by itself. */
  async start(): Promise<void> {
    const { config, clock, log } = this.#parts;
    const { VROUTER_SOCKET: socket } = config;
    this.#control = await KeptSocket.listen(socket, (request) => answer(request, this.#requests), { clock, log });
    await this.#pages.serveNode(
      config,
      nodePages(() => this.status(), this.#metrics),
    );
    const { signal } = this.#stopping;
    let going: Promise<string> | undefined;
    const told = (problem: string, isAway: boolean): void => {
      this.#problem = problem;
      // Who has no address, or another node's, must not announce what was right before.
      if (isAway) going ??= this.#goOn();
      void going?.then((how) => {
        if (this.#problem === problem) this.#problem = `${problem}${how}`;
      });
    };
    const node = await this.#keeping.register({ clock, signal, told, explain: startFailure });
    await going;
    log.info({ address: node.spec.bgp?.ipv4Address }, 'following the datastore');
    this.#problem = 'the datastore is being read';
    this.#syncer.start();
    this.#nameFile.write(config.NODENAME);
  }

  /** The pod of this node that has the address. */
  #podAt(address: string): ResourceKey | undefined {
    const workload = this.#calculation
      .desired()
      .workloads.find(({ addresses }) => addresses.some((cidr) => cidr.slice(0, cidr.indexOf('/')) === address));
    const [namespace, name] = workload?.key.split('/') ?? [];
    return name === undefined ? undefined : { kind: 'WorkloadEndpoint', namespace, name };
  }

  status(): NodeReport {
    return nodeReport(this.#sources());
  }

  /** Ends the daemon. Routes stay in the kernel, and peers are left to wait for our return. */
  async stop(reason: string): Promise<void> {
    this.#stopping.abort(new Error(reason));
    await this.#control?.close();
    await this.#pages.close();
    await this.#deletions.stop();
    await this.#keeping.leave();
    this.#trouble.stop();
    this.#room.stop();
    this.#heartbeat.stop();
    this.#history.stop();
    this.#startGarbage.stop();
    this.#drops.stop();
    this.#dropEvents?.stop();
    this.#policyCheck.stop();
    await this.#syncer.stop();
    await this.#snapshots.stop();
    await this.#keeping.stop();
    await this.#loop.stop();
    await this.#routing.stop('restart', reason);
    this.#liveConnections.stop();
    this.#dataplane.stop();
    this.#clock.end();
    await this.#parts.store.close();
    this.#parts.kernel.close();
    this.#parts.nft.close();
  }

  /** Without the datastore: what a former run knew is applied, so that routes and announcements survive. Says so. */
  async #goOn(): Promise<string> {
    const snapshot = await this.#snapshots.read();
    if (snapshot === undefined || this.#stopping.signal.aborted) return '';
    const since = new Date(snapshot.takenAt).toISOString();
    this.#syncer.seed(snapshot.resources);
    this.#parts.log.warn({ since, objects: snapshot.resources.length }, 'going on without the datastore');
    this.#loop.start();
    return `; going on with what was known at ${since}`;
  }

  #heard(batch: readonly Update[]): void {
    const wasLocked = this.#lock.isLocked;
    const updates = this.#lock.admitted(batch);
    if (updates.length > 0) {
      this.#keeping.heard(updates);
      this.#unprotected.apply(updates);
      this.#snapshots.apply(updates);
      // Heartbeats, conditions and other nodes' pods wake nothing.
      if (this.#calculation.apply(updates)) this.#loop.changed();
    }
    if (wasLocked && !this.#lock.isLocked && this.#syncStatus !== undefined) this.#synced(this.#syncStatus);
  }

  #synced(status: SyncStatus): void {
    this.#parts.log.info({ status }, 'datastore');
    this.#syncStatus = status;
    // What a locked datastore holds is not what there is to know.
    if (this.#lock.isLocked) return;
    this.#snapshots.synced(status);
    if (status !== 'in-sync' || this.#hasSynced) return;
    this.#hasSynced = true;
    this.#keeping.begin();
    if (this.#loop.isStarted) this.#loop.changed();
    else this.#loop.start();
  }

  /** The first look at the kernel: what a former run left there is kept, or removed if nobody wants it any more. */
  async #begin(): Promise<void> {
    const desired = this.#calculation.desired();
    await this.#dataplane.start(desired, { hold: true });
    this.#liveConnections.applied(desired);
    this.#parts.log.info({ found: this.#dataplane.routes.formerRun.found }, 'routes of a former run');
    await this.#routing.apply(desired);
    this.#keeping.apply(desired);
    await this.#dataplane.routes.flush();
    await this.#serve();
  }

  /** What is applied is what the datastore says: pods may come. */
  async #serve(): Promise<void> {
    if (this.#isServing || !this.#hasSynced) return;
    this.#isServing = true;
    await this.#trouble.probe();
    this.#problem = undefined;
    this.#keeping.serving();
    this.#deletions.start();
    this.#policyCheck.start();
    const events = this.#dropEvents;
    if (events !== undefined) void this.#drops.listen((packet) => events.heard(packet));
    this.#startGarbage.collectSoon();
    const { blocks, workloads } = this.#calculation.desired();
    this.#parts.log.info({ blocks: blocks.length, workloads: workloads.length }, 'node is running');
  }

  async #apply(): Promise<void> {
    const desired = this.#calculation.desired();
    this.#dataplane.apply(desired);
    this.#liveConnections.applied(desired);
    await this.#routing.apply(desired);
    this.#keeping.apply(desired);
    await this.#serve();
  }

  #sources(): QuerySources {
    const { config, datastoreType } = this.#parts;
    return {
      nodename: config.NODENAME,
      datastoreType,
      startedAt: this.#startedAt,
      dataplane: this.#dataplane,
      peers: () => this.#routing.peers(),
      desired: () => this.#calculation.desired(),
      learned: (family, prefix) => this.#routing.learned(family, prefix),
      kinds: () => this.#syncer.status(),
      allBlocks: () => this.#keeping.blocks(),
      interfacePrefix: config.FELIX_INTERFACEPREFIX,
      history: this.#history,
      serving: () =>
        this.#isServing &&
        !this.#lock.isLocked &&
        this.#loop.problem === undefined &&
        this.#trouble.problems().length === 0,
      lastError: (peer) => this.#sessions.of(peer),
      problems: () => [
        ...[this.#lock.problem(), this.#room.problem(), this.#loop.problem, this.#problem].filter(
          (problem) => problem !== undefined,
        ),
        ...this.#trouble.problems(),
        ...this.#bgpProblems(),
      ],
      degraded: () => [
        ...this.#pages.problems(),
        ...this.#keeping.problems(),
        ...this.#unprotected.problems(),
        ...this.#snapshots.problems(),
        ...this.#mtuFile.problems(),
        ...this.#nameFile.problems(),
        ...this.#deletions.problems(),
        ...this.#policyCheck.problems(),
        ...(this.#parts.settingProblems ?? []),
        ...this.#routing.problems(),
      ],
    };
  }

  #bgpProblems(): readonly string[] {
    const routing = this.#routing;
    if (!routing.isAsked) return [];
    const { clock, config } = this.#parts;
    return bgpUnready({
      wanted: config.CALICO_NETWORKING_BACKEND === 'bird',
      desired: this.#calculation.desired().bgp,
      peers: routing.peers(),
      listening: routing.notListening,
      restarting: routing.restarting,
      age: clock.now() - this.#began,
    });
  }
}
