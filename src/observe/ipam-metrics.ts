import { Counter, Gauge, type Registry } from 'prom-client';

/** The metrics of kube-controllers on IPAM, by the same names: of the whole cluster, by its leader. */
const METRICS = {
  ipam_ippool_size: ['gauge', 'Addresses of the pool', ['ippool']],
  ipam_blocks: ['gauge', 'Blocks of the pool that the node has', ['ippool', 'node']],
  ipam_allocations_in_use: ['gauge', 'Addresses of the pool that the node uses', ['ippool', 'node']],
  ipam_allocations_borrowed: [
    'gauge',
    'Addresses of the pool that the node uses out of blocks of others',
    ['ippool', 'node'],
  ],
  ipam_allocations_gc_candidates: ['gauge', 'Addresses that nobody seems to use any more', ['ippool', 'node']],
  ipam_allocations_gc_reclamations: ['counter', 'Addresses taken back because nobody used them', ['ippool', 'node']],
} as const satisfies Readonly<Record<string, readonly ['gauge' | 'counter', string, readonly string[]]>>;

export type IpamMetric = keyof typeof METRICS;
export type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];
/** The samples; a metric that is missing has none now. */
export type IpamSamples = Readonly<Partial<Record<IpamMetric, readonly Sample[]>>>;

/** Nodes that don't look after the cluster's IPAM answer with `{}`. */
export function defineIpamMetrics(registers: Registry[], samples: () => Promise<IpamSamples>): void {
  for (const [name, [type, help, labelNames]] of Object.entries(METRICS)) {
    const definition = { name, help, labelNames: [...labelNames], registers };
    const read = async (): Promise<readonly Sample[]> => (await samples())[name as IpamMetric] ?? [];
    if (type === 'gauge') {
      new Gauge({
        ...definition,
        async collect() {
          this.reset();
          for (const [labels, value] of await read()) this.set({ ...labels }, value);
        },
      });
    } else {
      new Counter({
        ...definition,
        async collect() {
          this.reset();
          for (const [labels, value] of await read()) this.inc({ ...labels }, value);
        },
      });
    }
  }
}
