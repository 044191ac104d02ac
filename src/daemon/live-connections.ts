import {
  type Address,
  type Cancel,
  type Clock,
  type Log,
  Paced,
  parseAddress,
  RetryQueue,
  reasonOf,
} from '../base/index.ts';
import type { Desired } from '../calc/index.ts';
import { isKernelError, type Kernel, type TrackedConnection } from '../netlink/index.ts';
import { isRevoked, type Packet, revokesConnectionsOf, type World } from '../policy/index.ts';

/** Milliseconds between readings of the kernel's table of connections. */
const PAUSE = 1000;
const KEY = 'live connections';
/** Milliseconds after which what was ended has no packet under way that could take it up again. */
const MEMORY = 30_000;
const TCP = 6;

interface LiveConnectionsOptions {
  readonly kernel: Pick<Kernel, 'connectionList' | 'connectionsDelete' | 'addressList'>;
  readonly clock: Clock;
  readonly log: Log;
  /** The cluster as it is now. */
  readonly world: () => World;
  /** Resolves when the packet filter says what was last applied. */
  readonly acknowledged: () => Promise<void>;
}

/**
 * Ends connections that policy doesn't allow any more, where a policy asks for that: established ones are let through
 * unasked, so once the packet filter has the new rules, those of the pods in question are judged again, and forgotten
 * if they are denied. Their next packet is a first one, and meets the new rules. Where no policy revokes, nothing is
 * read.
 */
export class LiveConnections {
  readonly #options: LiveConnectionsOptions;
  readonly #paced: Paced;
  readonly #failing: RetryQueue<string>;
  #desired: Pick<Desired, 'policy' | 'workloads'> | undefined;
  #working: Promise<void> = Promise.resolve();
  /** TCP connections that were ended, by what their answering side sends. */
  readonly #ended = new Map<string, { readonly first: Packet; readonly at: number }>();
  #again: Cancel | undefined;

  constructor(options: LiveConnectionsOptions) {
    this.#options = options;
    this.#paced = new Paced(options.clock, PAUSE, () => void this.#pass());
    this.#failing = new RetryQueue(options.clock, { first: 1000, max: 60_000 });
  }

  /** Takes the state that was applied to the packet filter; the same again does nothing. */
  applied(desired: Pick<Desired, 'policy' | 'workloads'>): void {
    const before = this.#desired;
    this.#desired = desired;
    if (desired.policy !== undefined && desired.policy !== before?.policy) this.#paced.ask();
  }

  /** Resolves when the readings that are under way are over. */
  get settled(): Promise<void> {
    return this.#working;
  }

  stop(): void {
    this.#again?.();
    this.#paced.stop();
    this.#failing.clear();
  }

  #pass(): Promise<void> {
    this.#working = this.#working.then(() => this.#revoke());
    return this.#working;
  }

  async #revoke(): Promise<void> {
    const { log } = this.#options;
    try {
      const revoked = await this.#denied();
      await this.#options.kernel.connectionsDelete(revoked);
      this.#failing.done(KEY);
      this.#remember(revoked);
      if (revoked.length > 0) log.info({ connections: revoked.length }, 'policy has ended connections');
    } catch (error) {
      if (isKernelError(error, 'CLOSED')) return;
      const attempts = this.#failing.failed(KEY, reasonOf(error), () => this.#paced.ask());
      if (attempts === 1) log.warn({ err: reasonOf(error) }, 'connections can not be judged again; trying again later');
    }
  }

  async #denied(): Promise<readonly TrackedConnection[]> {
    const { kernel, acknowledged } = this.#options;
    const { policy, workloads = [] } = this.#desired ?? {};
    if (![...(policy?.policies.values() ?? [])].some(({ revokes }) => revokes)) return [];
    await acknowledged();
    const world = this.#options.world();
    const addresses = workloads
      .flatMap((workload) => workload.addresses.map((cidr) => cidr.slice(0, cidr.indexOf('/'))))
      .filter((address) => isHeld(world, parseAddress(address)));
    if (addresses.length === 0) return [];
    const connections = await kernel.connectionList({ addresses: new Set(addresses) });
    const own = new Set((await kernel.addressList()).map(({ address }) => address.split('/')[0]));
    return connections.filter((connection) => {
      // A node and its own pods: policy has no say there, or another one.
      if (own.has(connection.original.source) || own.has(connection.reply.source)) return false;
      const first = firstPacket(connection);
      return isRevoked(world, this.#ended.get(sentBy(connection.original))?.first ?? first);
    });
  }

  /**
   * The kernel takes a TCP connection up again from its middle (`nf_conntrack_tcp_loose`). An answer that was under way
   * when it was forgotten makes it look like one that the other side has begun: it is the same one, and is looked for
   * until it stays away.
   */
  #remember(revoked: readonly TrackedConnection[]): void {
    const now = this.#options.clock.now();
    for (const [key, { at }] of this.#ended) if (now - at > MEMORY) this.#ended.delete(key);
    for (const connection of revoked) {
      if (connection.protocol !== TCP || this.#ended.has(sentBy(connection.original))) continue;
      this.#ended.set(sentBy(connection.reply), { first: firstPacket(connection), at: now });
    }
    this.#again?.();
    this.#again = undefined;
    if (this.#ended.size > 0) this.#again = this.#options.clock.after(PAUSE, () => this.#paced.ask());
  }
}

function isHeld(world: World, address: Address): boolean {
  const pod = world.podAt(address);
  return pod !== undefined && revokesConnectionsOf(world, pod);
}

/** As policy has met it: a service's address replaced, the source not yet. */
function firstPacket({ protocol, original, reply }: TrackedConnection): Packet {
  const { icmp } = original;
  return {
    source: parseAddress(original.source),
    destination: parseAddress(reply.source),
    protocol,
    sourcePort: original.sourcePort ?? 0,
    destinationPort: reply.sourcePort ?? 0,
    ...(icmp === undefined ? {} : { icmp: { type: icmp.type, code: icmp.code } }),
  };
}

function sentBy({ source, sourcePort, destination, destinationPort }: TrackedConnection['original']): string {
  return `${source} ${sourcePort} ${destination} ${destinationPort}`;
}
