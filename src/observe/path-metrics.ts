import { Histogram, type Registry } from 'prom-client';
import { gauge } from './define.ts';

/** Measurements of the paths to other nodes. */
export interface PathFigures {
  /** Octets; 0: not known. */
  readonly podMtu: number;
  readonly ways: readonly (PathLabels & { readonly loss: number; readonly mtu: number })[];
}

interface PathLabels {
  readonly node: string;
  readonly path: 'underlay' | 'overlay';
  readonly afi: 'ipv4' | 'ipv6';
}

const LABELS = ['node', 'path', 'afi'] as const;
/** Seconds. */
const BUCKETS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5];

/** Paths by the node at their other end: the few that this node probes. Gives the histogram of round trips, to be fed. */
export function definePathMetrics(
  registers: Registry[],
  figures: () => PathFigures = () => ({ podMtu: 0, ways: [] }),
): Histogram {
  const ofPaths = (name: string, help: string, value: (way: PathFigures['ways'][number]) => number): void =>
    gauge(registers, name, help, LABELS, () =>
      figures().ways.map((way) => [{ node: way.node, path: way.path, afi: way.afi }, value(way)]),
    );
  ofPaths(
    'vrouter_path_loss_ratio',
    'Of the last 60 probes of the path to another node, the part without an answer',
    ({ loss }) => loss,
  );
  ofPaths(
    'vrouter_path_mtu_bytes',
    'Octets of the largest packet that got to the other node and back whole, up to what pods send; 0: not known',
    ({ mtu }) => mtu,
  );
  gauge(registers, 'vrouter_pod_mtu_bytes', 'The MTU that pods get, where paths are probed; 0: not known', [], () => [
    [{}, figures().podMtu],
  ]);
  return new Histogram({
    name: 'vrouter_path_rtt_seconds',
    help: 'Round trips of probes of the path to another node',
    labelNames: LABELS,
    buckets: BUCKETS,
    registers,
  });
}
