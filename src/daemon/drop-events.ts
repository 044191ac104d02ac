import { type Clock, type Log, reasonOf } from '../base/index.ts';
import type { Desired } from '../calc/index.ts';
import type { DroppedPacket } from '../control/index.ts';
import type { Remarks, ResourceKey } from '../datastore/index.ts';

/** Milliseconds between two events about the same rule. */
const PAUSE = 60_000;
/** Events that wait for the API server, and rules whose last event is remembered. */
const [MOST_WAITING, MOST_RULES] = [100, 1000];

export interface DropEventsOptions {
  readonly remarks: Remarks;
  readonly nodename: string;
  /** The pod of this node that has the address. */
  readonly podAt: (address: string) => ResourceKey | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * A Kubernetes event beside a pod that policy has dropped a packet of, at most one a minute for each rule: a courtesy to
 * people who wonder. An API server that is slow or away loses events, and nothing else waits for it.
 */
export class DropEvents {
  readonly #options: DropEventsOptions;
  /** When each rule was told of last, the oldest first. */
  readonly #told = new Map<string, number>();
  #waiting = 0;
  #turn: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(options: DropEventsOptions) {
    this.#options = options;
  }

  /** Resolves when all that waits is told, or lost. */
  get settled(): Promise<void> {
    return this.#turn;
  }

  stop(): void {
    this.#isStopped = true;
  }

  heard(packet: DroppedPacket): void {
    const about = this.#podOf(packet);
    if (about === undefined || this.#isStopped || this.#waiting >= MOST_WAITING || !this.#isTime(packet.why)) return;
    this.#waiting++;
    this.#turn = this.#turn.then(() => this.#tell(about, packet));
  }

  /** Whose policy it was; of what says no direction, the pod that is here. */
  #podOf({ direction, source, destination }: DroppedPacket): ResourceKey | undefined {
    const { podAt } = this.#options;
    if (direction === 'egress') return podAt(source.address);
    if (direction === 'ingress') return podAt(destination.address);
    return podAt(destination.address) ?? podAt(source.address);
  }

  #isTime(rule: string): boolean {
    const now = this.#options.clock.now();
    const before = this.#told.get(rule);
    if (before !== undefined && now - before < PAUSE) return false;
    for (const [old, at] of this.#told) {
      if (now - at < PAUSE && this.#told.size < MOST_RULES) break;
      this.#told.delete(old);
    }
    this.#told.delete(rule);
    this.#told.set(rule, now);
    return true;
  }

  async #tell(about: ResourceKey, packet: DroppedPacket): Promise<void> {
    const { remarks, nodename: node, log } = this.#options;
    try {
      if (this.#isStopped) return;
      await remarks.remark({ about, reason: 'PolicyDrop', message: messageOf(packet), node, isRepeated: true });
    } catch (error) {
      log.debug({ pod: about.name, err: reasonOf(error) }, 'nobody is told of the drop');
    } finally {
      this.#waiting--;
    }
  }
}

/** The pod of this node that has the address. */
export function podAt(workloads: Desired['workloads'], address: string): ResourceKey | undefined {
  const workload = workloads.find(({ addresses }) =>
    addresses.some((cidr) => cidr.slice(0, cidr.indexOf('/')) === address),
  );
  const [namespace, name] = workload?.key.split('/') ?? [];
  return name === undefined ? undefined : { kind: 'WorkloadEndpoint', namespace, name };
}

function messageOf({ source, destination, protocol, icmp, tier, why }: DroppedPacket): string {
  const what = icmp === undefined ? protocol : `${protocol} type ${icmp.type} code ${icmp.code}`;
  const inTier = tier === undefined || why.includes(`tier ${tier}`) ? '' : ` in tier ${tier}`;
  return `dropped ${what} from ${endText(source)} to ${endText(destination)}: ${why}${inTier}`;
}

function endText({ address, name, port }: DroppedPacket['source']): string {
  const host = port === undefined ? address : address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
  return name === undefined ? host : `${name} (${host})`;
}
