import {
  type BestChanges,
  type Origination,
  type PeerConfig,
  type PeerStatus,
  Speaker,
  type SpeakerEvent,
  type SpeakerOptions,
  type Transport,
} from 'bgp-speaker-ts';
import { formatIpv4, formatIpv6 } from '../../src/base/index.ts';

export interface OurSetup extends Omit<SpeakerOptions, 'listen'> {
  /** The addresses to listen on; sessions come from them too. */
  readonly addresses: readonly string[];
  readonly peers: readonly PeerConfig[];
  readonly originate?: readonly Origination[];
  readonly transport?: Transport;
}

/** Our own side of a session: a speaker, the best routes that it told of, and what happened to it. */
export class OurSpeaker {
  readonly speaker: Speaker;
  readonly best = new Map<string, readonly string[]>();
  readonly events: SpeakerEvent[] = [];
  /** Prefixes that there was no route to any more at some time. */
  readonly lost: string[] = [];

  constructor({ addresses, peers, originate = [], transport, ...options }: OurSetup) {
    this.speaker = new Speaker({ ...options, listen: addresses.map((address) => ({ address, port: 179 })) }, transport);
    this.speaker.onBest((changes) => this.#take(changes));
    this.speaker.onEvent((event) => this.events.push(event));
    this.speaker.originate(originate);
    this.speaker.configure(peers);
  }

  status(peer: string): PeerStatus {
    return this.speaker.peers().find(({ address }) => address === peer)!;
  }

  established(peer: string): boolean {
    return this.status(peer).state === 'Established';
  }

  /** Why sessions that were up ended. */
  get downs(): readonly string[] {
    return this.events.flatMap((event) =>
      event.kind === 'state' && event.from === 'Established' ? [event.reason] : [],
    );
  }

  /** The NOTIFICATION that went or came, if there was one. */
  notification(direction: 'sent' | 'received', code: number, subcode: number): string | undefined {
    for (const event of this.events) {
      if (event.kind !== 'notification' || event.direction !== direction) continue;
      if (event.code === code && event.subcode === subcode) return event.text;
    }
    return undefined;
  }

  #take({ family, count, addresses, lengths, nextHops, nextHopSets }: BestChanges): void {
    for (let at = 0; at < count; at++) {
      const address = family === 4 ? formatIpv4(addresses[at]) : formatIpv6(value(addresses, at * 4));
      const prefix = `${address}/${lengths[at]}`;
      if (nextHops[at] !== 0) this.best.set(prefix, nextHopSets[nextHops[at]].addresses);
      else if (this.best.delete(prefix)) this.lost.push(prefix);
    }
  }
}

function value(words: Uint32Array, at: number): bigint {
  return [0, 1, 2, 3].reduce((sum, word) => (sum << 32n) | BigInt(words[at + word]), 0n);
}
