import { KeptSocket, type Request } from '../control/index.ts';
import type { SyncStatus, Update } from '../datastore/index.ts';
import { type NodeReport, nodePages } from '../observe/index.ts';
import { nodeSites } from './node-sites.ts';
import { joinObservers, type Observers } from './observers.ts';
import { type DaemonParts, joinParts, type NodeParts } from './parts.ts';
import { nodeReport, type QuerySources } from './queries.ts';
import { querySources, waitingFor } from './query-sources.ts';
import { answer } from './requests.ts';
import { startFailure } from './start-failure.ts';
import { StartGarbage } from './start-garbage.ts';

/**
 * The node: one loop from the store through the calculation to three reconcilers.
 *
 *     store ─ Syncer ─► Calculation ─► desired ─┬─► Dataplane ─► kernel
 *       ▲                    ▲                  ├─► Routing ──► peers
 *       └────────────────────│──────────────────┴── Keeping
 *              CNI ─ Endpoints (store, and the loop early)
 *
 * This file is its life: how it starts and ends, and what follows from what. `parts` and `observers` say how the rooms
 * are joined.
 */
export class Daemon {
  readonly #parts: NodeParts;
  readonly #observers: Observers;
  readonly #sources: QuerySources;
  readonly #startGarbage: StartGarbage;
  #control: KeptSocket | undefined;
  #syncStatus: SyncStatus | undefined;
  #hasSynced = false;
  #isServing = false;
  #problem: string | undefined = 'the node is not registered yet';
  readonly #stopping = new AbortController();

  constructor(given: DaemonParts) {
    const sources = (): QuerySources => this.#sources;
    this.#parts = joinParts(given, {
      heard: (updates) => this.#heard(updates),
      synced: (status) => this.#synced(status),
      begin: () => this.#begin(),
      apply: () => this.#apply(),
      metrics: () => this.#observers.metrics,
      sources,
      answer: (request) => this.#answer(request),
    });
    this.#observers = joinObservers(this.#parts, {
      sources,
      status: () => this.status(),
      isTold: () => this.#hasSynced && !this.#parts.lock.isLocked,
      problem: () => waitingFor(this.#parts, this.#problem)[0],
    });
    const { clock } = this.#parts;
    const [startedAt, began] = [clock.wallTime(), clock.now()];
    this.#sources = querySources(this.#parts, this.#observers, () => ({
      ...{ startedAt, age: clock.now() - began },
      ...{ isServing: this.#isServing, problem: this.#problem },
    }));
    this.#startGarbage = new StartGarbage(clock);
  }

  /**
   * Registers the node and starts to follow the store. Resolves when both are under way; the rest follows by itself.
   */
  async start(): Promise<void> {
    const { config, clock, log, pages } = this.#parts;
    const { metrics } = this.#observers;
    this.#control = await KeptSocket.listen(config.VROUTER_SOCKET, (request) => this.#answer(request), { clock, log });
    await pages.serveNode(
      config,
      nodePages(() => this.status(), metrics),
      await nodeSites(config, { ask: (request) => this.#answer(request), clock, log }),
    );
    const { signal } = this.#stopping;
    let going: Promise<string> | undefined;
    const told = (problem: string, isAway: boolean): void => {
      this.#problem = problem;
      // A node without an address, or with another node's, must not announce what was right before.
      if (isAway) going ??= this.#goOn();
      void going?.then((how) => {
        if (this.#problem === problem) this.#problem = `${problem}${how}`;
      });
    };
    const node = await this.#parts.keeping.register({ clock, signal, told, explain: startFailure });
    await going;
    log.info({ address: node.spec.bgp?.ipv4Address }, 'following the datastore');
    this.#problem = 'the datastore is being read';
    this.#parts.syncer.start();
    this.#parts.nameFile.write(config.NODENAME);
  }

  #answer(request: Request): Promise<unknown> {
    return answer(request, this.#observers.requests);
  }

  status(): NodeReport {
    return nodeReport(this.#sources);
  }

  /** Ends the daemon. Routes stay in the kernel, and peers are left to wait for our return. */
  async stop(reason: string): Promise<void> {
    const { pages, deletions, keeping, trouble, room, syncer, snapshots, loop, routing, drain } = this.#parts;
    const { heartbeat, history, drops, dropEvents, flows, policyCheck, paths } = this.#observers;
    this.#stopping.abort(new Error(reason));
    await this.#control?.close();
    await pages.close();
    await deletions.stop();
    await keeping.leave();
    trouble.stop();
    room.stop();
    heartbeat.stop();
    history.stop();
    this.#startGarbage.stop();
    await flows.stop();
    drops.stop();
    dropEvents?.stop();
    policyCheck.stop();
    paths?.stop();
    this.#parts.secrets.stop();
    await syncer.stop();
    await snapshots.stop();
    await keeping.stop();
    await loop.stop();
    await routing.stop(drain.isDraining ? 'shutdown' : 'restart', reason);
    this.#parts.liveConnections.stop();
    this.#parts.dataplane.stop();
    this.#parts.clock.end();
    await this.#parts.store.close();
    this.#parts.kernel.close();
    this.#parts.given.nft.close();
  }

  /** Without the datastore: what a former run knew is applied, so that routes and announcements survive. Says so. */
  async #goOn(): Promise<string> {
    const { snapshots, syncer, log, loop } = this.#parts;
    const snapshot = await snapshots.read();
    if (snapshot === undefined || this.#stopping.signal.aborted) return '';
    const since = new Date(snapshot.takenAt).toISOString();
    syncer.seed(snapshot.resources);
    log.warn({ since, objects: snapshot.resources.length }, 'going on without the datastore');
    loop.start();
    return `; going on with what was known at ${since}`;
  }

  #heard(batch: readonly Update[]): void {
    const { lock, keeping, unprotected, snapshots, calculation, loop } = this.#parts;
    const wasLocked = lock.isLocked;
    const updates = lock.admitted(batch);
    if (updates.length > 0) {
      keeping.heard(updates);
      unprotected.apply(updates);
      snapshots.apply(updates);
      // Heartbeats, conditions and other nodes' pods wake nothing.
      if (calculation.apply(updates)) {
        this.#observers.policyTimes.heard();
        loop.changed();
      }
    }
    if (wasLocked && !lock.isLocked && this.#syncStatus !== undefined) this.#synced(this.#syncStatus);
  }

  #synced(status: SyncStatus): void {
    const { log, lock, snapshots, keeping, loop } = this.#parts;
    log.info({ status }, 'datastore');
    this.#syncStatus = status;
    // The contents of a locked datastore may be incomplete.
    if (lock.isLocked) return;
    snapshots.synced(status);
    if (status !== 'in-sync' || this.#hasSynced) return;
    this.#hasSynced = true;
    keeping.begin();
    if (loop.isStarted) loop.changed();
    else loop.start();
  }

  /** The first look at the kernel: what a former run left there is kept, or removed if nobody wants it any more. */
  async #begin(): Promise<void> {
    const { given, calculation, dataplane, liveConnections, log, routing, keeping, secrets } = this.#parts;
    calculation.desired();
    await secrets.know(calculation.secretNames());
    const desired = calculation.desired();
    await dataplane.start(desired, { hold: true });
    this.#observers.policyTimes.applied(desired);
    liveConnections.applied(desired);
    log.info({ found: dataplane.routes.formerRun.found }, 'routes of a former run');
    await routing.apply(desired);
    keeping.apply(desired);
    await dataplane.routes.flush();
    await this.#serve();
    // The packet filter is brought while the rest goes on.
    void dataplane.policy.settled.then(() => given.supervisor?.programmed(this.status()));
  }

  /** Lets pods come: the datastore's state is applied. */
  async #serve(): Promise<void> {
    const { trouble, keeping, deletions, calculation, log } = this.#parts;
    const { policyCheck, dropEvents, drops, flows, paths } = this.#observers;
    if (this.#isServing || !this.#hasSynced) return;
    this.#isServing = true;
    await trouble.probe();
    this.#problem = undefined;
    keeping.serving();
    deletions.start();
    policyCheck.start();
    if (dropEvents !== undefined) void drops.listen((packet) => dropEvents.heard(packet));
    this.#startGarbage.collectSoon();
    const desired = calculation.desired();
    flows.applied(desired);
    paths?.follow();
    const { blocks, workloads } = desired;
    log.info({ blocks: blocks.length, workloads: workloads.length }, 'node is running');
  }

  async #apply(): Promise<void> {
    const { calculation, dataplane, liveConnections, routing, keeping, secrets } = this.#parts;
    const desired = calculation.desired();
    secrets.follow(calculation.secretNames());
    dataplane.apply(desired);
    this.#observers.policyTimes.applied(desired);
    liveConnections.applied(desired);
    if (this.#isServing) this.#observers.flows.applied(desired);
    if (this.#isServing) this.#observers.paths?.follow();
    await routing.apply(desired);
    keeping.apply(desired);
    await this.#serve();
  }
}
