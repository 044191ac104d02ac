import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Heartbeat } from './heartbeat.ts';
import { defineIpamMetrics, type IpamSamples } from './ipam-metrics.ts';
import { defineIgnored, defineLiveness, defineTunnelDrops } from './liveness-metrics.ts';
import { definePolicyMetrics, type PolicySamples } from './policy-metrics.ts';
import { defineProcessMetrics } from './process-metrics.ts';
import { defineRefusals } from './refusals.ts';
import { FSM_STATES, type NodeReport } from './report.ts';

/** What a runtime may ask for. */
const CNI_OPERATIONS = ['add', 'del', 'check', 'gc', 'status', 'pod-cidrs'];

/**
 * What the daemon tells Prometheus. Gauges are filled from the node's status when they are read; counters and
 * histograms are fed as things happen. Labels are bounded: peers by address, never pods but those that the
 * kernel refuses.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #status: () => NodeReport;
  readonly #routesWritten: () => Readonly<Record<string, number>>;
  /** Seconds from the first byte of an UPDATE to all its routes being in the kernel. */
  readonly updateToKernel: Histogram;
  readonly cniSeconds: Histogram;

  constructor(sources: {
    status: () => NodeReport;
    routesWritten: () => Readonly<Record<string, number>>;
    /** How the event loop does; absent where nobody measures it. */
    heartbeat?: Pick<Heartbeat, 'lag' | 'lastBeat'>;
    /** What the kernel refuses now, with its own words. */
    refused?: () => readonly { readonly what: string; readonly reason: string }[];
    /** Of the whole cluster, at the node that looks after it. */
    ipam?: () => Promise<IpamSamples>;
    /** What policy has dropped here, and whether the kernel does what it says. */
    policy?: PolicySamples;
    /** News of the datastore that changed nothing for this node, by kind. */
    ignored?: () => ReadonlyMap<string, number>;
  }) {
    this.#status = sources.status;
    this.#routesWritten = sources.routesWritten;
    const registers = [this.#registry];
    defineProcessMetrics(registers);
    this.updateToKernel = new Histogram({
      name: 'vrouter_bgp_convergence_seconds',
      help: 'From the first byte of an UPDATE to its routes being in the kernel',
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
      registers,
    });
    this.cniSeconds = new Histogram({
      name: 'vrouter_cni_operation_seconds',
      help: 'CNI requests as the daemon served them',
      labelNames: ['op', 'result'],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30],
      registers,
    });
    for (const op of CNI_OPERATIONS) for (const result of ['ok', 'error']) this.cniSeconds.zero({ op, result });
    this.#defineNode(registers);
    defineLiveness(registers, sources.heartbeat);
    defineTunnelDrops(registers);
    defineIgnored(registers, sources.ignored);
    this.#defineBgp(registers);
    this.#defineMalformed(registers);
    this.#defineSessions(registers);
    this.#defineRoutes(registers);
    if (sources.policy !== undefined) definePolicyMetrics(registers, sources.policy);
    if (sources.refused !== undefined) defineRefusals(registers, sources.refused);
    if (sources.ipam !== undefined) defineIpamMetrics(registers, sources.ipam);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** The exposition text. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  #gauge<Label extends string>(
    registers: Registry[],
    name: string,
    help: string,
    labelNames: readonly Label[],
    values: (status: NodeReport) => readonly (readonly [labels: Partial<Record<Label, string>>, value: number])[],
  ): void {
    const status = this.#status;
    new Gauge({
      name,
      help,
      labelNames,
      registers,
      collect() {
        this.reset();
        for (const [labels, value] of values(status())) this.set(labels, value);
      },
    });
  }

  #defineNode(registers: Registry[]): void {
    this.#gauge(registers, 'vrouter_build_info', 'The version that runs', ['version'], ({ version }) => [
      [{ version }, 1],
    ]);
    this.#gauge(registers, 'vrouter_ready', 'Whether the node is ready', [], ({ ready }) => [[{}, ready ? 1 : 0]]);
    this.#gauge(
      registers,
      'vrouter_datastore_connected',
      'Whether all watched kinds are in sync',
      ['type'],
      ({ datastore }) => [[{ type: datastore.type }, datastore.inSync ? 1 : 0]],
    );
    this.#gauge(
      registers,
      'vrouter_datastore_last_event_age_seconds',
      'Since the datastore was last heard of',
      [],
      ({ datastore }) => [[{}, datastore.lastEventAgeSeconds]],
    );
    this.#gauge(registers, 'vrouter_ipam_blocks', 'Blocks of this node', [], ({ blocks }) => [[{}, blocks.length]]);
    this.#gauge(
      registers,
      'vrouter_ipam_addresses_in_use',
      'Addresses in use in blocks of this node',
      [],
      ({ blocks }) => [[{}, blocks.reduce((sum, block) => sum + block.inUse, 0)]],
    );
  }

  #defineBgp(registers: Registry[]): void {
    this.#gauge(
      registers,
      'vrouter_bgp_session_up',
      'Whether the session is Established',
      ['peer', 'peer_as', 'type'],
      ({ bgp }) =>
        (bgp?.peers ?? []).map((peer) => [
          { peer: peer.address, peer_as: String(peer.remoteAs), type: peer.type },
          peer.session === 'Established' ? 1 : 0,
        ]),
    );
    this.#gauge(registers, 'vrouter_bgp_session_state', 'FSM state: 1 Idle to 6 Established', ['peer'], ({ bgp }) =>
      (bgp?.peers ?? []).map((peer) => [{ peer: peer.address }, FSM_STATES.indexOf(peer.session) + 1]),
    );
    this.#gauge(registers, 'vrouter_bgp_prefixes', 'Prefixes of each peer', ['peer', 'direction'], ({ bgp }) =>
      (bgp?.peers ?? []).flatMap((peer) =>
        (['received', 'accepted', 'advertised'] as const).map(
          (direction) => [{ peer: peer.address, direction }, peer[direction]] as const,
        ),
      ),
    );
  }

  /** Counts that the sessions keep themselves; each series is there from the peer's first day. */
  #defineMalformed(registers: Registry[]): void {
    const status = this.#status;
    new Counter({
      name: 'vrouter_bgp_malformed_updates_total',
      help: 'Malformed UPDATEs by what was done about them (RFC 7606)',
      labelNames: ['peer', 'action'],
      registers,
      collect() {
        this.reset();
        for (const { address, malformed } of status().bgp?.peers ?? []) {
          for (const action of ['discard', 'withdraw', 'reset'] as const) {
            this.inc({ peer: address, action }, malformed?.[action] ?? 0);
          }
        }
      },
    });
    this.#gauge(
      registers,
      'vrouter_bgp_routes_withdrawn_by_error',
      'Routes left out because the peer announced them in malformed UPDATEs',
      ['peer'],
      ({ bgp }) => (bgp?.peers ?? []).map((peer) => [{ peer: peer.address }, peer.malformed?.withdrawn.count ?? 0]),
    );
  }

  /** What became of sessions: each series is there from the peer's first day. */
  #defineSessions(registers: Registry[]): void {
    const status = this.#status;
    new Counter({
      name: 'vrouter_bgp_session_flaps_total',
      help: 'Sessions that were Established and are no more',
      labelNames: ['peer'],
      registers,
      collect() {
        this.reset();
        for (const { address, flaps = 0 } of status().bgp?.peers ?? []) this.inc({ peer: address }, flaps);
      },
    });
    this.#gauge(
      registers,
      'vrouter_bgp_session_last_error_timestamp_seconds',
      'When a session ended with an error the last time, or could not begin, in seconds since 1970, and why; 0 for never',
      ['peer', 'reason'],
      ({ bgp }) =>
        (bgp?.peers ?? []).map(({ address, lastError }) => [
          { peer: address, reason: lastError?.reason ?? '' },
          (lastError?.at ?? 0) / 1000,
        ]),
    );
  }

  #defineRoutes(registers: Registry[]): void {
    this.#gauge(registers, 'vrouter_endpoints', 'Pods of this node, and what is astray', ['state'], ({ endpoints }) => [
      [{ state: 'desired' }, endpoints?.desired ?? 0],
      [{ state: 'missing' }, endpoints?.missing ?? 0],
      [{ state: 'strange' }, endpoints?.strange ?? 0],
    ]);
    this.#gauge(registers, 'vrouter_problems', 'Problems of this node', [], ({ problems }) => [[{}, problems.length]]);
    this.#gauge(registers, 'vrouter_routes', 'Routes of ours', ['state'], ({ routes }) => [
      [{ state: 'desired' }, routes.desired],
      [{ state: 'programmed' }, routes.programmed],
      [{ state: 'failed' }, routes.failed],
    ]);
    const written = this.#routesWritten;
    new Counter({
      name: 'vrouter_route_writes_total',
      help: 'Route changes that the kernel took',
      labelNames: ['verb'],
      registers,
      collect() {
        this.reset();
        for (const [verb, count] of Object.entries(written())) this.inc({ verb }, count);
      },
    });
  }
}
