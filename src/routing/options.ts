import type { SpeakerEvent } from 'bgp-speaker-ts';
import type { Clock, Log } from '../base/index.ts';
import type { Bfd } from '../bfd/index.ts';
import type { RouteReconciler } from '../dataplane/index.ts';
import type { Kernel, Link } from '../netlink/index.ts';
import type { IpipTunnel } from './install.ts';
import type { BgpTimers } from './peering.ts';

export interface RoutingOptions {
  readonly kernel: Pick<Kernel, 'routeMatch' | 'routeColumns' | 'addressList' | 'neighborList'>;
  /** The node's links by index, as last seen; without them its networks are none of its routes. */
  readonly links?: ReadonlyMap<number, Link>;
  /** Tells all on a link that we are there, and has them answer; without it nobody is found who has no address. */
  readonly hail?: (link: Link) => void;
  /** How the names of pods' interfaces begin; default: `cali`. */
  readonly podPrefix?: string;
  readonly routes: RouteReconciler;
  readonly tunnels: IpipTunnel;
  readonly clock: Clock;
  readonly log: Log;
  readonly timers: BgpTimers;
  /** Why nobody can listen there, and what to do next. */
  readonly explainListening?: (error: unknown) => string;
  /** Default: on a thread of its own. */
  readonly bfd?: Bfd;
  /** Told of each speaker event, for metrics. */
  readonly onEvent?: (event: SpeakerEvent) => void;
  /** Seconds from the first byte of an UPDATE to its routes being in the kernel. */
  readonly onConverged?: (seconds: number) => void;
}
