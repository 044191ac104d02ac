import { MemoryNetwork, type PeerConfig, type PeerStatus, Speaker } from 'bgp-speaker-ts';
import { VirtualClock } from '../../src/base/index.ts';
import type { Connection } from '../../src/bgp/transport/index.ts';
import { type Capability, encodeOpen, KEEPALIVE } from '../../src/bgp/wire/index.ts';
import { Node } from './speaker-network.ts';

export const [US, PEER] = ['10.0.0.1', '10.0.0.2'];

/** A speaker in AS 65000 under a virtual clock, and its peer in AS 65001, which sends whatever a test says. */
export class RawSession {
  readonly clock = new VirtualClock();
  readonly us: Node;
  readonly #network = new MemoryNetwork({ clock: this.clock });
  #connection: Connection | undefined;

  constructor(config: Partial<PeerConfig> = {}) {
    const options = { asn: 65000, routerId: US, listen: [{ address: US, port: 179 }], clock: this.clock };
    this.us = new Node(US, new Speaker(options, this.#network.host(US)));
    const families = ['ipv4-unicast', 'ipv6-unicast'] as const;
    this.us.speaker.configure([{ address: PEER, remoteAs: 65001, passive: true, families, ...config }]);
  }

  /** Connects, and sends OPEN and KEEPALIVE. */
  async open(more: readonly Capability[] = []): Promise<this> {
    await this.us.speaker.start();
    const receiver = { data: () => {}, drained: () => {}, closed: () => {} };
    this.#network.host(PEER).dial(
      { address: US, port: 179 },
      {
        connected: (connection) => {
          this.#connection = connection;
          connection.receive(receiver);
        },
        failed: (reason) => {
          throw new Error(reason);
        },
      },
    );
    this.clock.advance(10);
    const capabilities: Capability[] = [
      { kind: 'multiprotocol', afi: 1, safi: 1 },
      { kind: 'multiprotocol', afi: 2, safi: 1 },
      { kind: 'fourOctetAs', asn: 65001 },
      ...more,
    ];
    this.say(encodeOpen({ asn: 65001, holdTime: 0, routerId: 0x0a000002, capabilities }), KEEPALIVE);
    return this;
  }

  say(...messages: readonly Uint8Array[]): void {
    for (const message of messages) this.#connection!.write(message);
    this.clock.advance(10);
  }

  /** Breaks the connection. */
  cut(): void {
    this.#network.sever(US, PEER);
    this.clock.advance(10);
  }

  get status(): PeerStatus {
    return this.us.speaker.peers()[0]!;
  }
}
