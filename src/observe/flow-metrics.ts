import { Counter, type Registry } from 'prom-client';

/** The counts of the flow log since the daemon started. */
export interface FlowSamples {
  readonly records: number;
  readonly evicted: number;
  readonly lost: number;
}

const COUNTERS = {
  records: ['vrouter_flow_records_total', 'Records of the flow log, kept while it is on'],
  evicted: ['vrouter_flow_records_evicted_total', 'Records of the flow log that made room for later ones'],
  lost: ['vrouter_flow_events_lost_total', 'Events of connections that came faster than they were read'],
} as const;

/** How the flow log does; all stay 0 while it is off. */
export function defineFlowMetrics(
  registers: Registry[],
  samples: () => FlowSamples = () => ({ records: 0, evicted: 0, lost: 0 }),
): void {
  for (const [sample, [name, help]] of Object.entries(COUNTERS)) {
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(samples()[sample as keyof FlowSamples]);
      },
    });
  }
}
