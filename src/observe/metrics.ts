import { Counter, Histogram, Registry } from 'prom-client';
import type { AliasSet } from './alias-names.ts';
import { defineBfdMetrics } from './bfd-metrics.ts';
import { defineBgpMetrics } from './bgp-metrics.ts';
import { NO_FIGURES, type NodeFigures } from './figures.ts';
import { defineFlowMetrics, type FlowSamples } from './flow-metrics.ts';
import type { Heartbeat } from './heartbeat.ts';
import { defineIpamMetrics, type IpamSamples } from './ipam-metrics.ts';
import { defineIgnored, defineLiveness, defineTunnelDrops } from './liveness-metrics.ts';
import { defineNodeMetrics, defineRouteMetrics } from './node-metrics.ts';
import { definePathMetrics, type PathFigures } from './path-metrics.ts';
import { definePolicyMetrics, type PolicySamples } from './policy-metrics.ts';
import { defineProcessMetrics } from './process-metrics.ts';
import { defineRefusals } from './refusals.ts';
import type { NodeReport } from './report.ts';
import { defineRpkiMetrics } from './rpki-metrics.ts';

/** The operations that a runtime may ask for. */
const CNI_OPERATIONS = ['add', 'del', 'check', 'gc', 'status', 'pod-cidrs'];
/** kube-controllers' name for a counter lacks the end that Prometheus' own check asks of one. */
const UNTYPED = /^(# TYPE ipam_allocations_gc_reclamations) counter$/m;
/** Seconds. */
const QUICK = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const PATIENT = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export interface MetricsSources {
  /** Whose names are shown besides; default: nobody's. */
  readonly aliases?: readonly AliasSet[];
  readonly status: () => NodeReport;
  /** The figures that only programs count; absent: there are none. */
  readonly figures?: () => NodeFigures;
  readonly routesWritten: () => Readonly<Record<string, number>>;
  /** How the event loop does; absent where nobody measures it. */
  readonly heartbeat?: Pick<Heartbeat, 'lag' | 'lastBeat'>;
  /** The kernel's present refusals, in its own words. */
  readonly refused?: () => readonly { readonly what: string; readonly reason: string }[];
  /** Of the whole cluster, at the node that looks after it. */
  readonly ipam?: () => Promise<IpamSamples>;
  /** The drops by policy here, and whether the kernel does what policy says. */
  readonly policy?: PolicySamples;
  /** News of the datastore that changed nothing for this node, by kind. */
  readonly ignored?: () => ReadonlyMap<string, number>;
  /** Of the paths to other nodes; absent: they are not probed. */
  readonly paths?: (() => PathFigures) | undefined;
  /** The counts of the flow log. */
  readonly flows?: () => FlowSamples;
}

/** A metric as docs/metrics.md has it. */
export interface MetricDescription {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly labels: readonly string[];
}

/**
 * The daemon's metrics. Gauges are filled from the node's status when they are read; counters and
 * histograms are fed as things happen. Labels are bounded: peers by address, never pods but those that the
 * kernel refuses. Each metric and its meaning: docs/metrics.md.
 */
export class Metrics {
  readonly #registry = new Registry();
  /** Seconds from the first byte of an UPDATE to all its routes being in the kernel. */
  readonly updateToKernel: Histogram;
  readonly cniSeconds: Histogram;
  /** Seconds from a wish for routes to the kernel's answer. */
  readonly routeSeconds: Histogram;
  /** Seconds from the news of a change in policy to the kernel's acknowledgement. */
  readonly policySeconds: Histogram;
  /** Seconds of one turn of the loop: the desired state, handed to kernel and peers. */
  readonly applySeconds: Histogram;
  /** Seconds from a probe of the path to another node to its answer. */
  readonly pathSeconds: Histogram;
  readonly nftTransactions: Counter;
  readonly nftFailures: Counter;
  readonly #aliases: readonly AliasSet[];
  #report: NodeReport | undefined;
  #figures: NodeFigures | undefined;

  constructor(sources: MetricsSources) {
    this.#aliases = sources.aliases ?? [];
    const registers = [this.#registry];
    // All metrics of one answer come from one look.
    const status = (): NodeReport => (this.#report ??= sources.status());
    const figures = (): NodeFigures => (this.#figures ??= sources.figures?.() ?? NO_FIGURES);
    const histogram = (name: string, help: string, buckets: number[], labelNames: string[] = []): Histogram =>
      new Histogram({ name, help, labelNames, buckets, registers });
    const counter = (name: string, help: string): Counter => new Counter({ name, help, registers });
    defineProcessMetrics(registers);
    this.updateToKernel = histogram(
      'vrouter_bgp_convergence_seconds',
      'From the first byte of an UPDATE to its routes being in the kernel',
      QUICK,
    );
    this.cniSeconds = histogram(
      'vrouter_cni_operation_seconds',
      'CNI requests as the daemon served them',
      [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30],
      ['op', 'result'],
    );
    for (const op of CNI_OPERATIONS) for (const result of ['ok', 'error']) this.cniSeconds.zero({ op, result });
    this.routeSeconds = histogram(
      'vrouter_route_program_seconds',
      "From a change in the wanted routes to the kernel's answer",
      QUICK,
    );
    this.policySeconds = histogram(
      'vrouter_policy_program_seconds',
      "From the news of a change in policy to the kernel's acknowledgement",
      PATIENT,
    );
    this.applySeconds = histogram(
      'vrouter_apply_seconds',
      'Turns of the loop: the desired state, made and handed to kernel and peers',
      QUICK,
    );
    this.nftTransactions = counter('vrouter_nft_transactions_total', 'Transactions of the packet filter');
    this.nftFailures = counter(
      'vrouter_nft_transaction_failures_total',
      'Transactions of the packet filter that failed, also attempts that found out which part is refused',
    );
    this.pathSeconds = definePathMetrics(registers, sources.paths);
    defineNodeMetrics(registers, status, figures);
    defineLiveness(registers, sources.heartbeat);
    defineTunnelDrops(registers);
    defineIgnored(registers, sources.ignored);
    defineFlowMetrics(registers, sources.flows);
    defineBgpMetrics(registers, status, figures);
    defineBfdMetrics(registers, status, figures);
    defineRpkiMetrics(registers, figures);
    defineRouteMetrics(registers, status, figures, sources.routesWritten);
    if (sources.policy !== undefined) definePolicyMetrics(registers, sources.policy);
    if (sources.refused !== undefined) defineRefusals(registers, sources.refused);
    if (sources.ipam !== undefined) defineIpamMetrics(registers, sources.ipam);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** The exposition text. */
  async text(): Promise<string> {
    try {
      const own = (await this.#registry.metrics()).replace(UNTYPED, '$1 untyped');
      if (this.#aliases.length === 0) return own;
      // Only a daemon that is asked for others' names loads the code for them.
      const { aliasText } = await import('./aliases.ts');
      return `${own.trimEnd()}\n${aliasText(await this.#registry.getMetricsAsJSON(), this.#aliases)}`;
    } finally {
      this.#report = this.#figures = undefined;
    }
  }

  /** Every metric there is, whether or not it has series now. */
  described(): readonly MetricDescription[] {
    return this.#registry.getMetricsAsArray().map((metric) => {
      const { labelNames = [] } = metric as typeof metric & { readonly labelNames?: readonly string[] };
      return { name: metric.name, type: String(metric.type), help: metric.help, labels: labelNames };
    });
  }
}
