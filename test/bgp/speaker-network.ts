import {
  type BestChanges,
  MemoryNetwork,
  type PeerConfig,
  Speaker,
  type SpeakerEvent,
  type SpeakerOptions,
} from 'bgp-speaker-ts';
import { formatIpv4, formatIpv6, VirtualClock } from '../../src/base/index.ts';

/** A speaker with its address, and the table of best routes as a program keeps it from the changes that it is told. */
export class Node {
  readonly address: string;
  readonly speaker: Speaker;
  readonly best = new Map<string, string>();
  readonly events: SpeakerEvent[] = [];
  /** Changes heard, repetitions included. */
  changes = 0;

  constructor(address: string, speaker: Speaker) {
    this.address = address;
    this.speaker = speaker;
    speaker.onBest((changes) => this.#take(changes));
    speaker.onEvent((event) => this.events.push(event));
  }

  get state(): Record<string, string> {
    return Object.fromEntries(this.speaker.peers().map(({ address, state }) => [address, state]));
  }

  /** Best routes as text, sorted. */
  get routes(): string[] {
    return [...this.best].map(([prefix, nextHops]) => `${prefix} via ${nextHops}`).sort();
  }

  #take({ family, count, addresses, lengths, nextHops, nextHopSets }: BestChanges): void {
    for (let at = 0; at < count; at++) {
      this.changes++;
      const prefix = `${family === 4 ? formatIpv4(addresses[at]) : formatIpv6(words(addresses, at * 4))}/${lengths[at]}`;
      if (nextHops[at] === 0) this.best.delete(prefix);
      else this.best.set(prefix, nextHopSets[nextHops[at]].addresses.join());
    }
  }
}

function words(addresses: Uint32Array, at: number): bigint {
  return [0, 1, 2, 3].reduce((value, word) => (value << 32n) | BigInt(addresses[at + word]), 0n);
}

/** Speakers in one memory under one virtual clock. */
export class Network {
  readonly clock = new VirtualClock();
  readonly links = new MemoryNetwork({ clock: this.clock });

  async node(
    address: string,
    asn: number,
    peers: readonly PeerConfig[],
    options: Partial<SpeakerOptions> = {},
  ): Promise<Node> {
    const listen = [{ address, port: 179 }];
    const routerId = address.includes(':')
      ? `10.255.0.${Number.parseInt(address.slice(-2).replace(':', ''), 16)}`
      : address;
    const speaker = new Speaker({ asn, routerId, listen, clock: this.clock, ...options }, this.links.host(address));
    const node = new Node(address, speaker);
    speaker.configure(peers);
    await speaker.start();
    return node;
  }

  run(seconds: number): void {
    this.clock.advance(seconds * 1000);
  }
}
