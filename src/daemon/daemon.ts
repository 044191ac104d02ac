import { Backoff, type Clock, EndingClock, type Log, reasonOf, sleep } from '../base/index.ts';
import { Calculation, INPUT_KINDS } from '../calc/index.ts';
import { ControlServer, deletionsFolder, type NodeStatus } from '../control/index.ts';
import { Dataplane } from '../dataplane/index.ts';
import { DatastoreUnavailable, type Store, Syncer, type SyncStatus } from '../datastore/index.ts';
import type { Kernel } from '../netlink/index.ts';
import type { Nft } from '../nftables/index.ts';
import { Metrics, nodePages, PageServer } from '../observe/index.ts';
import { Routing } from '../routing/index.ts';
import { AddressWatch } from './address-watch.ts';
import type { DaemonConfig } from './config.ts';
import { Endpoints } from './endpoints.ts';
import { FastPath } from './fast-path.ts';
import { IpamKeeping } from './ipam-keeping.ts';
import { MtuFile } from './mtu-file.ts';
import { kernelRefusals, nodeStatus, type QuerySources } from './queries.ts';
import { QueuedDeletions } from './queued-deletions.ts';
import { keepAddress, register } from './registration.ts';
import { answer, type RequestSources } from './requests.ts';
import { WireguardKeys } from './wireguard-keys.ts';

/** Tunnels whose addresses the other nodes send to: they hear of one when its device is there. */
const VXLAN_DEVICE: { readonly [kind: string]: 'vxlan4' | 'vxlan6' | undefined } = {
  vxlan: 'vxlan4',
  vxlanV6: 'vxlan6',
};

export interface DaemonParts {
  readonly config: DaemonConfig;
  readonly store: Store;
  readonly datastoreType: string;
  readonly kernel: Kernel;
  readonly nft: Nft;
  readonly clock: Clock;
  readonly log: Log;
  /** Dotted quad; undefined for the node's IPv4 address. */
  readonly routerId: string | undefined;
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
  readonly #syncer: Syncer;
  readonly #addresses: IpamKeeping;
  readonly #keys: WireguardKeys;
  readonly #dataplane: Dataplane;
  readonly #fastPath: FastPath;
  readonly #endpoints: Endpoints;
  readonly #deletions: QueuedDeletions;
  readonly #addressWatch: AddressWatch;
  readonly #metrics: Metrics;
  readonly #requests: RequestSources;
  readonly #stopping = new AbortController();
  readonly #startedAt: number;
  #routing: Routing | undefined;
  #servers: { close(): Promise<void> }[] = [];
  #phase: 'starting' | 'syncing' | 'running' = 'starting';
  #problem: string | undefined = 'the node is not registered yet';
  /** What became of the last attempt to apply the desired state, if it failed. */
  #unapplied: string | undefined;
  #applying: Promise<void> = Promise.resolve();
  #scheduled = false;

  constructor(given: DaemonParts) {
    this.#clock = new EndingClock(given.clock);
    const parts = { ...given, clock: this.#clock };
    const { config, store, kernel, clock, log } = parts;
    this.#parts = parts;
    this.#startedAt = clock.wallTime();
    this.#calculation = new Calculation({
      nodename: config.NODENAME,
      routerId: parts.routerId,
      bgp: config.CALICO_NETWORKING_BACKEND === 'bird',
    });
    this.#dataplane = new Dataplane({
      kernel,
      nft: parts.nft,
      clock,
      log: log.child({ component: 'dataplane' }),
      resyncInterval: config.FELIX_ROUTEREFRESHINTERVAL * 1000,
    });
    this.#addresses = new IpamKeeping({
      nodename: config.NODENAME,
      store,
      clock,
      log: log.child({ component: 'ipam' }),
      ledger: config.VROUTER_IPAM_LEDGER,
      tunnelIsReady: (kind) => {
        const device = VXLAN_DEVICE[kind];
        return device === undefined || this.#dataplane.tunnels.isReady(device);
      },
    });
    this.#keys = new WireguardKeys({
      nodename: config.NODENAME,
      store,
      clock,
      log: log.child({ component: 'wireguard' }),
    });
    this.#dataplane.tunnels.onKey = (family, key) => this.#keys.want(family, key);
    this.#syncer = new Syncer({
      store,
      kinds: [...new Set([...INPUT_KINDS, ...IpamKeeping.kinds])],
      clock,
      log: log.child({ component: 'datastore' }),
      onUpdates: (batch) => {
        this.#addresses.apply(batch);
        this.#keys.apply(batch);
        this.#calculation.apply(batch);
        this.#fastPath.heard();
        this.#react();
      },
      onStatus: (status) => this.#synced(status),
    });
    this.#fastPath = new FastPath({
      nodename: config.NODENAME,
      calculation: this.#calculation,
      dataplane: this.#dataplane,
      ipam: this.#addresses.ipam,
      clock,
      apply: () => this.#inOrder(() => this.#apply()),
      announced: async () => this.#routing?.announced(),
    });
    this.#endpoints = new Endpoints({
      nodename: config.NODENAME,
      interfacePrefix: config.FELIX_INTERFACEPREFIX,
      store,
      ipam: this.#addresses.ipam,
      kernel,
      clock,
      log: log.child({ component: 'endpoints' }),
      mtu: () => this.#dataplane.podMtu,
      program: (endpoint, made) => this.#fastPath.added(endpoint, made),
      unprogram: (namespace, name) => this.#fastPath.removed(namespace, name),
    });
    const deletions = deletionsFolder(config.VROUTER_SOCKET);
    this.#deletions = new QueuedDeletions(deletions, (request) => this.#endpoints.del(request), log);
    this.#addressWatch = new AddressWatch(() => keepAddress(parts), { clock, log });
    this.#metrics = new Metrics({
      status: () => this.status(),
      routesWritten: () => this.#dataplane.routes.written,
      refused: () => kernelRefusals(this.#dataplane),
      ipam: () => this.#addresses.samples(),
    });
    this.#requests = {
      endpoints: this.#endpoints,
      deletions: this.#deletions,
      queries: () => this.#sources(),
      resync: () => this.#dataplane.resync(),
      metrics: this.#metrics,
      log,
      problem: () => this.#unapplied ?? this.#problem,
    };
  }

  /** Registers the node and starts to follow the store. Resolves when both are under way; the rest follows by itself. */
  async start(): Promise<void> {
    const { config, log } = this.#parts;
    this.#servers.push(
      await ControlServer.listen(config.VROUTER_SOCKET, (request) => answer(request, this.#requests), log),
    );
    await this.#servePages();
    const node = await this.#untilRegistered();
    log.info({ address: node.spec.bgp?.ipv4Address }, 'following the datastore');
    this.#phase = 'syncing';
    this.#problem = 'the datastore is being read';
    this.#syncer.start();
  }

  status(): NodeStatus {
    return nodeStatus(this.#sources());
  }

  /** Ends the daemon. Routes stay in the kernel, and peers are left to wait for our return. */
  async stop(reason: string): Promise<void> {
    this.#stopping.abort(new Error(reason));
    for (const server of this.#servers) await server.close();
    await this.#deletions.stop();
    this.#addressWatch.stop();
    await this.#syncer.stop();
    await this.#addresses.stop();
    await this.#keys.stop();
    await this.#applying;
    await this.#routing?.stop('restart', reason);
    this.#dataplane.stop();
    this.#clock.end();
    await this.#parts.store.close();
    this.#parts.kernel.close();
  }

  async #servePages(): Promise<void> {
    const { config, log } = this.#parts;
    const pages = nodePages(() => this.status(), this.#metrics);
    this.#servers.push(await PageServer.listen(config.FELIX_HEALTHHOST, config.FELIX_HEALTHPORT, pages, log));
    if (!config.FELIX_PROMETHEUSMETRICSENABLED) return;
    const { FELIX_PROMETHEUSMETRICSHOST: host, FELIX_PROMETHEUSMETRICSPORT: port } = config;
    this.#servers.push(await PageServer.listen(host, port, { '/metrics': pages['/metrics'] }, log));
  }

  /** A datastore that isn't there yet is waited for; anything else that is wrong ends the start. */
  async #untilRegistered(): ReturnType<typeof register> {
    const { clock, log, config } = this.#parts;
    const backoff = new Backoff({ first: 200, max: 10_000 });
    for (;;) {
      try {
        return await register(this.#parts);
      } catch (error) {
        if (!(error instanceof DatastoreUnavailable) || !config.WAIT_FOR_DATASTORE) throw error;
        this.#problem = error.message;
        const wait = backoff.next();
        log.warn({ err: error.message, retryInSeconds: wait / 1000 }, 'waiting for the datastore');
        await sleep(clock, wait, this.#stopping.signal);
      }
    }
  }

  #synced(status: SyncStatus): void {
    this.#parts.log.info({ status }, 'datastore');
    if (status !== 'in-sync' || this.#phase !== 'syncing') return;
    this.#phase = 'running';
    this.#addresses.begin();
    this.#inOrder(() => this.#begin());
  }

  /** The first look at the kernel: what a former run left there is kept, or removed if nobody wants it any more. */
  async #begin(): Promise<void> {
    const { kernel, clock, log, config } = this.#parts;
    const desired = this.#calculation.desired();
    const { count: found } = await kernel.routeColumns({ family: 4, protocol: 80 });
    const routing = new Routing({
      kernel,
      routes: this.#dataplane.routes,
      tunnels: this.#dataplane.tunnels,
      clock,
      log,
      timers: {
        holdTime: config.VROUTER_BGP_HOLD_TIME,
        connectRetryTime: config.VROUTER_BGP_CONNECT_RETRY_TIME,
        restartTime: config.VROUTER_BGP_RESTART_TIME,
      },
      restarted: found > 0,
      onEvent: (event) => {
        if (event.kind === 'state' && event.from === 'Established') this.#metrics.flaps.inc({ peer: event.peer });
      },
      onConverged: (seconds) => this.#metrics.updateToKernel.observe(seconds),
    });
    this.#dataplane.onTopology = () => {
      routing.topologyChanged();
      this.#addressWatch.topologyChanged();
    };
    const mtuFile = new MtuFile(config.VROUTER_MTU_FILE, log);
    this.#dataplane.onPodMtu = (mtu) => mtuFile.write(mtu);
    this.#dataplane.tunnels.onVxlan = () => this.#addresses.tunnelReady();
    this.#dataplane.tunnels.onIpip = () => routing.tunnelChanged();
    await this.#dataplane.start(desired);
    await routing.apply(desired);
    this.#routing = routing;
    await this.#dataplane.routes.flush();
    this.#problem = undefined;
    this.#deletions.start();
    log.info({ found, blocks: desired.blocks.length, workloads: desired.workloads.length }, 'node is running');
  }

  /** Applies the desired state soon; changes in between are applied together. */
  #react(): void {
    if (this.#phase !== 'running' || this.#scheduled) return;
    this.#scheduled = true;
    this.#parts.clock.soon(() => this.#inOrder(() => this.#apply()));
  }

  async #apply(): Promise<void> {
    this.#scheduled = false;
    const desired = this.#calculation.desired();
    this.#dataplane.apply(desired);
    await this.#routing?.apply(desired);
  }

  #inOrder(work: () => Promise<void>): Promise<void> {
    const failed = (error: unknown): void => {
      this.#unapplied = `the desired state could not be applied: ${reasonOf(error)}`;
      this.#parts.log.error({ err: error }, 'the desired state could not be applied');
    };
    this.#applying = this.#applying.then(work).then(() => {
      this.#unapplied = undefined;
    }, failed);
    return this.#applying;
  }

  #sources(): QuerySources {
    const { config, datastoreType } = this.#parts;
    return {
      nodename: config.NODENAME,
      datastoreType,
      startedAt: this.#startedAt,
      dataplane: this.#dataplane,
      peers: () => this.#routing?.peers() ?? [],
      desired: () => this.#calculation.desired(),
      learned: (family, prefix) => this.#routing?.learned(family, prefix),
      kinds: () => this.#syncer.status(),
      problems: () => [this.#unapplied, this.#problem].filter((problem) => problem !== undefined),
      degraded: () => [
        ...this.#addresses.problems(),
        ...this.#keys.problems(),
        ...this.#addressWatch.problems(),
        ...(this.#routing?.problems() ?? []),
      ],
    };
  }
}
