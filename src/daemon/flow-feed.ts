import { addressBytes, type Cancel, type Clock, tryParseAddress } from '../base/index.ts';
import type { ConnectionEvent, ConnectionEvents, Kernel, LoggedPacket } from '../netlink/index.ts';
import { type DeniedPacket, FlowRing, OwnAddresses, wordsOf } from '../observe/flows/index.ts';
import type { Drops } from './drops.ts';

/** Records that are kept, some two megabytes of them, and milliseconds that one of them is of. */
const RING = { slots: 16_384, window: 10_000 };
/** Milliseconds between readings, and events that one turn of the event loop may take. */
const [PERIOD, AT_ONCE] = [250, 4000];

export interface FlowFeedOptions {
  readonly kernel: Pick<Kernel, 'connectionEvents'>;
  readonly drops: Pick<Drops, 'hear'>;
  readonly clock: Clock;
  /** After each reading; whether flows have begun since the last. */
  readonly read: (isNews: boolean) => void;
}

/** Brings the kernel's news of connections and drops into the ring, where a pod of this node has a part in them. */
export class FlowFeed {
  readonly ring = new FlowRing(RING);
  readonly #clock: Clock;
  readonly #events: ConnectionEvents;
  readonly #read: (isNews: boolean) => void;
  readonly #saw: (event: ConnectionEvent) => void;
  #own = new OwnAddresses([]);
  #now: number;
  /** The last record that was told of. */
  #told = 0;
  #timer: Cancel;
  #endHearing: () => Promise<void> = async () => {};
  #isStopped = false;

  private constructor(events: ConnectionEvents, { clock, read }: FlowFeedOptions) {
    this.#clock = clock;
    this.#events = events;
    this.#read = read;
    this.#now = clock.wallTime();
    this.#saw = (event) => this.#see(event);
    this.#timer = clock.after(PERIOD, () => this.#turn());
  }

  /** Rejects where the kernel tells of no connections. */
  static async start(options: FlowFeedOptions): Promise<FlowFeed> {
    const feed = new FlowFeed(await options.kernel.connectionEvents(), options);
    const end = await options.drops.hear((packet, why) => feed.#hear(packet, why));
    feed.#endHearing = end;
    return feed;
  }

  /** Events that were lost since it began. */
  get lost(): number {
    return this.#events.lost;
  }

  /** The addresses of the pods that are here. */
  know(addresses: Iterable<string>): void {
    this.#own = new OwnAddresses(addresses);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer();
    this.#events.stop();
    await this.#endHearing();
  }

  #turn(): void {
    this.#now = this.#clock.wallTime();
    const count = this.#events.read(this.#saw, AT_ONCE);
    const { last } = this.ring;
    this.#read(last > this.#told);
    this.#told = last;
    if (this.#isStopped) return;
    // More are there than one turn may take.
    if (count === AT_ONCE) this.#timer = this.#clock.soon(() => this.#turn());
    else this.#timer = this.#clock.after(PERIOD, () => this.#turn());
  }

  #see(event: ConnectionEvent): void {
    const { family, addresses } = event;
    const own = this.#own;
    if (!own.has(family, addresses, 0) && !own.has(family, addresses, 8) && !own.has(family, addresses, 4)) return;
    this.ring.saw(event, this.#now);
  }

  #hear(packet: LoggedPacket, why: string): void {
    const denied = deniedPacket(packet, why);
    if (denied === undefined || this.#isStopped) return;
    this.ring.dropped(denied, this.#clock.wallTime());
  }
}

/** Undefined where its ends are no addresses of one family. */
function deniedPacket(packet: LoggedPacket, why: string): DeniedPacket | undefined {
  const { protocol, sourcePort = 0, destinationPort = 0, icmp } = packet;
  const [source, destination] = [tryParseAddress(packet.source), tryParseAddress(packet.destination)];
  if (source === undefined || source.family !== destination?.family) return undefined;
  const addresses = new Uint32Array(8);
  addresses.set(wordsOf(addressBytes(source)));
  addresses.set(wordsOf(addressBytes(destination)), 4);
  return {
    ...{ family: source.family, protocol, addresses, sourcePort, destinationPort, why },
    ...{ icmpType: icmp?.type ?? -1, icmpCode: icmp?.code ?? -1 },
  };
}
