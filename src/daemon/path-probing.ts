import { randomInt } from 'node:crypto';
import type { Clock } from '../base/index.ts';
import type { DesiredPaths } from '../calc/index.ts';
import type { Metrics, PathFigures } from '../observe/index.ts';
import { type PathEnvironment, PathProbes, type PathSample, type PathWay } from '../paths/index.ts';
import type { DaemonConfig } from './config.ts';

export interface PathProbingOptions {
  readonly config: Pick<DaemonConfig, 'VROUTER_PATH_PROBE_INTERVAL' | 'VROUTER_PATH_PROBE_PORT'>;
  readonly clock: Clock;
  readonly plan: () => DesiredPaths;
  readonly podMtu: () => number;
  readonly seconds: () => Metrics['pathSeconds'];
  /** Default: UDP of this host. */
  readonly sockets?: PathEnvironment['sockets'];
}

/** The paths to other nodes, probed: what Prometheus gets, and what the status says of them. */
export class PathProbing {
  readonly #options: PathProbingOptions;
  readonly #probes: PathProbes;

  constructor(options: PathProbingOptions) {
    const { config, clock, podMtu, seconds, sockets } = options;
    this.#options = options;
    this.#probes = new PathProbes({
      clock,
      interval: config.VROUTER_PATH_PROBE_INTERVAL * 1000,
      port: config.VROUTER_PATH_PROBE_PORT,
      session: randomInt(2 ** 32),
      podMtu: () => podMtu() || undefined,
      onRoundTrip: (way, milliseconds) => seconds().observe(labels(way), milliseconds / 1000),
      onGone: (way) => seconds().remove(labels(way)),
      ...(sockets && { sockets }),
    });
  }

  /** Probes the nodes that are there now; called when the desired state may have changed. */
  follow(): void {
    this.#probes.follow(this.#options.plan());
  }

  figures(): PathFigures {
    return {
      podMtu: this.#options.podMtu(),
      ways: this.#probes.samples().map(({ way, loss, mtu }) => ({ ...labels(way), loss, mtu })),
    };
  }

  problems(): readonly string[] {
    const pods = this.#options.podMtu();
    const narrow = this.#probes.samples().filter(({ mtu }) => mtu > 0 && mtu < pods);
    return [...this.#probes.problems(), ...narrow.map((sample) => blackhole(sample, pods))];
  }

  stop(): void {
    this.#probes.stop();
  }
}

/** Without the size that gets through: while that is looked for it changes, and the problem is the same. */
function blackhole({ way: { node, path, remote } }: PathSample, pods: number): string {
  return (
    `packets as large as pods send (${pods} octets) do not get to ${node} (${path}, ${remote}) and back, small ones do: ` +
    'set a smaller mtu (FelixConfiguration), or mend the network; vrouter_path_mtu_bytes says what gets through'
  );
}

function labels({ node, path, family }: PathWay): Pick<PathFigures['ways'][number], 'node' | 'path' | 'afi'> {
  return { node, path, afi: family === 4 ? 'ipv4' : 'ipv6' };
}
