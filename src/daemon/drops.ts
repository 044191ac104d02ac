import { type Cancel, type Clock, type Log, reasonOf, tryParseAddress } from '../base/index.ts';
import type { CountedDrop, DropPlace, DroppedAnswer, DroppedPacket } from '../control/index.ts';
import { DROP_GROUP, type PolicyReconciler, policyTable } from '../dataplane/index.ts';
import type { Kernel, LoggedPacket, LoggedPacketEvent, Monitor } from '../netlink/index.ts';
import { protocolName, type World } from '../policy/index.ts';
import { DropTotals } from './drop-totals.ts';
import { Tidings } from './tidings.ts';

/** Packets kept for those who follow; who asks too late has missed the first of them. */
const KEPT = 1000;
/** Milliseconds that a question waits for a packet, and after the last question until nobody follows any more. */
const [PATIENCE, FOLLOWED] = [5000, 15_000];
/** Milliseconds until a kernel is asked again that refused. */
const RETRY = 60_000;

type TierOf = (policy: string) => string | undefined;
/** A packet as the kernel tells of it, and what dropped it: no name of a pod is looked for. */
type Hear = (packet: LoggedPacket, why: string) => void;

export interface DropsOptions {
  readonly kernel: Pick<Kernel, 'packetLog' | 'ruleCounts'>;
  readonly policy: Pick<PolicyReconciler, 'follow' | 'drops'>;
  readonly world: () => World;
  /** The tier of an enforced policy, by its text: the whole world is asked only while somebody follows. */
  readonly tierOf: TierOf;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * The packets that policy drops here, by name. While nobody asks for them the kernel tells of none, and nothing is
 * read: each question keeps the telling on for a while.
 */
export class Drops {
  readonly #options: DropsOptions;
  readonly #kept: DroppedPacket[] = [];
  /** Of the last packet; numbers count up from the daemon's start. */
  #last = 0;
  /** Lost since the last answer; −1 for an unknown number. */
  #lost = 0;
  #monitor: Monitor | undefined;
  #isStopped = false;
  #starting: Promise<void> | undefined;
  #end: Cancel | undefined;
  readonly #news: Tidings;
  readonly #totals = new DropTotals();
  /** The one listener that hears of all that is dropped, as long as the daemon runs. */
  #listener: ((packet: DroppedPacket) => void) | undefined;
  readonly #hearing = new Set<Hear>();
  #retry: Cancel | undefined;
  #names: ReadonlyMap<string, string> = new Map();

  constructor(options: DropsOptions) {
    this.#options = options;
    this.#news = new Tidings(options.clock);
  }

  /** How often each drop has dropped since its rules were made, the busiest first. */
  async counted(): Promise<readonly CountedDrop[]> {
    const { kernel, policy, tierOf } = this.#options;
    const names = policy.drops();
    const seen = new Set<string>();
    const families = await Promise.all(
      ([4, 6] as const).map(async (family) => {
        const counts = await kernel.ruleCounts(policyTable(family));
        return counts.flatMap(({ chain, packets, bytes }): CountedDrop[] => {
          const why = names.get(chain);
          if (why === undefined) return [];
          const [packetsOf, bytesOf] = [`${family} ${chain} packets`, `${family} ${chain} bytes`];
          seen.add(packetsOf).add(bytesOf);
          const whole = { packets: this.#totals.of(packetsOf, packets), bytes: this.#totals.of(bytesOf, bytes) };
          return [{ ...placeOf(why, tierOf), family, ...whole }];
        });
      }),
    );
    this.#totals.keep(seen);
    return families.flat().sort((a, b) => b.packets - a.packets || (a.why < b.why ? -1 : 1));
  }

  /** The newest packets of those that were told while somebody asked. */
  async recent(limit: number): Promise<DroppedAnswer> {
    await this.#keepOn(true);
    return { last: this.#last, missed: 0, packets: this.#kept.slice(-limit) };
  }

  /** The packets after that number, or from now on. Waits a while for the first. */
  async after(after: number | undefined): Promise<DroppedAnswer> {
    await this.#keepOn(true);
    const from = after ?? this.#last;
    if (from >= this.#last && this.#lost === 0) await this.#news.wait(PATIENCE);
    const oldest = this.#last - this.#kept.length;
    const skipped = Math.max(0, oldest - from);
    const packets = this.#kept.slice(Math.max(0, this.#kept.length - (this.#last - from)));
    const missed = this.#lost < 0 ? -1 : this.#lost + skipped;
    this.#lost = 0;
    return { last: this.#last, missed, packets };
  }

  /** Tells of each packet from now on, whoever else asks. A kernel that can't is asked again now and then. */
  async listen(listener: (packet: DroppedPacket) => void): Promise<void> {
    this.#listener = listener;
    await this.#try();
  }

  /** As `listen`, for as many as want to, without names, and until it is called off. */
  async hear(hear: Hear): Promise<() => Promise<void>> {
    this.#hearing.add(hear);
    await this.#try();
    return async () => {
      this.#hearing.delete(hear);
      if (this.#end === undefined) await this.#endUnused();
    };
  }

  async #try(): Promise<void> {
    const { clock, log } = this.#options;
    try {
      await this.#keepOn();
    } catch (error) {
      if (this.#isStopped) return;
      log.warn({ err: reasonOf(error) }, 'drops can not be followed; trying again later');
      this.#retry?.();
      this.#retry = clock.after(RETRY, () => void this.#try());
    }
  }

  /** Nothing is told any more, and nobody waits. */
  stop(): void {
    this.#isStopped = true;
    this.#retry?.();
    this.#end?.();
    this.#monitor?.stop();
    this.#monitor = undefined;
    this.#news.tell();
  }

  async #keepOn(isAsked = false): Promise<void> {
    if (isAsked) {
      this.#end?.();
      this.#end = this.#options.clock.after(FOLLOWED, () => {
        this.#end = undefined;
        void this.#endUnused();
      });
    }
    if (this.#monitor !== undefined) return;
    this.#starting ??= this.#on().finally(() => {
      this.#starting = undefined;
    });
    await this.#starting;
  }

  async #on(): Promise<void> {
    const { kernel, log } = this.#options;
    this.#monitor = await kernel.packetLog(DROP_GROUP, (event) => this.#heard(event));
    await this.#change(true);
    log.info({}, 'drops are followed');
  }

  /** Rules that are made anew begin to count anew: what they have counted is read before, and right after. */
  async #change(isFollowed: boolean): Promise<void> {
    await this.counted();
    await this.#options.policy.follow(isFollowed);
    await this.counted();
  }

  /** Nobody follows any more; where others hear still, no names are looked for. */
  async #endUnused(): Promise<void> {
    if (this.#listener !== undefined || this.#isStopped) return;
    this.#kept.length = 0;
    if (this.#hearing.size > 0) return;
    await this.end();
    // Somebody came meanwhile.
    if (this.#end !== undefined || this.#hearing.size > 0) await this.#try();
  }

  /** Nothing is told any more, whoever hears. */
  async end(): Promise<void> {
    try {
      await this.#change(false);
    } catch (error) {
      this.#options.log.warn({ err: reasonOf(error) }, 'the telling of drops could not be ended');
    }
    this.#monitor?.stop();
    this.#monitor = undefined;
    this.#names = new Map();
  }

  #heard(event: LoggedPacketEvent): void {
    if (event.kind === 'lost') {
      this.#lost = event.packets === 0 || this.#lost < 0 ? -1 : this.#lost + event.packets;
    } else {
      const why = this.#whyOf(event.prefix);
      for (const hear of this.#hearing) hear(event, why);
      if (this.#listener === undefined && this.#end === undefined) return;
      const packet = this.#dropped(event, why);
      this.#listener?.(packet);
      this.#kept.push(packet);
      this.#last++;
      if (this.#kept.length > KEPT) this.#kept.shift();
    }
    this.#news.tell();
  }

  #whyOf(prefix: string): string {
    // Drops come and go with policies.
    if (!this.#names.has(prefix)) this.#names = this.#options.policy.drops();
    return this.#names.get(prefix) ?? prefix;
  }

  #dropped(event: LoggedPacket, why: string): DroppedPacket {
    const { clock, world, tierOf } = this.#options;
    const { source, destination, sourcePort, destinationPort, protocol, icmp } = event;
    const known = world();
    return {
      at: clock.wallTime(),
      source: endOf(source, sourcePort, known),
      destination: endOf(destination, destinationPort, known),
      protocol: protocolName(protocol),
      ...(icmp !== undefined && { icmp }),
      ...placeOf(why, tierOf),
    };
  }
}

function endOf(address: string, port: number | undefined, world: World): DroppedPacket['source'] {
  const parsed = tryParseAddress(address);
  const name = parsed === undefined ? undefined : world.endpointsAt(parsed)[0]?.name;
  return { address, ...(name !== undefined && { name }), ...(port !== undefined && { port }) };
}

const RULE = /(ingress|egress).* of Deny rule (.+?) of (?:profile )?(.+)$/;
const END = /(ingress|egress).* end of tier (.+)$/;

/** Takes the reason of a drop apart. */
export function placeOf(why: string, tierOf: TierOf): DropPlace {
  const [, direction, rule, policy] = RULE.exec(why) ?? [];
  if (policy !== undefined) {
    const tier = tierOf(policy);
    return { why, direction: direction as 'ingress', rule, policy, ...(tier !== undefined && { tier }) };
  }
  const [, way, tier] = END.exec(why) ?? [];
  return tier === undefined ? { why } : { why, direction: way as 'ingress', tier };
}
