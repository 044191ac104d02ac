import { type Clock, VirtualClock } from '../../../src/base/index.ts';
import type { PeerConfig, SpeakerEvent } from '../../../src/bgp/api.ts';
import { type LocalSpeaker, PeerSession } from '../../../src/bgp/session/index.ts';
import { type Connection, MemoryNetwork, type Transport } from '../../../src/bgp/transport/index.ts';
import { createUpdateView } from '../../../src/bgp/wire/index.ts';
import { RecordingHandler } from './recording-handler.ts';

/** One serves all: a view is empty between messages. */
const view = createUpdateView(256);

export interface SideOptions {
  readonly asn?: number;
  readonly routerId?: number;
  readonly config?: Partial<PeerConfig>;
  readonly restarted?: LocalSpeaker['restarted'];
}

/** One speaker with one peer. */
export class Side {
  readonly address: string;
  readonly session: PeerSession;
  readonly handler = new RecordingHandler();
  readonly events: SpeakerEvent[] = [];

  constructor(own: string, other: string, clock: Clock, transport: Transport, options: SideOptions, peer: SideOptions) {
    this.address = own;
    const { asn = 64512, routerId = Number(own.split('.')[3]), restarted } = options;
    this.session = new PeerSession(
      { address: other, remoteAs: peer.asn ?? 64512, ...options.config },
      {
        clock,
        transport,
        handler: this.handler,
        local: () => ({ asn, routerId, ...(restarted && { restarted }) }),
        view,
        random: () => 0,
        onEvent: (event) => this.events.push(event),
      },
    );
    void transport
      .listen({ address: own, port: 179 }, (connection: Connection) => this.session.accept(connection))
      .then((listener) => listener.admit([{ from: other }]));
  }

  get state(): string {
    return this.session.status.state;
  }

  /** NOTIFICATIONs that this side sent or received, as 'sent 6/7'. */
  get notifications(): string[] {
    return this.events.flatMap((event) =>
      event.kind === 'notification' ? [`${event.direction} ${event.code}/${event.subcode}`] : [],
    );
  }
}

/** Two speakers joined in memory, 10.0.0.1 and 10.0.0.2, not started. */
export async function pair(
  a: SideOptions = {},
  b: SideOptions = {},
  network?: MemoryNetwork,
  clock = new VirtualClock(),
  /** The clock as the sessions see it, should that differ. */
  seen: Clock = clock,
) {
  const net = network ?? new MemoryNetwork({ clock });
  const left = new Side('10.0.0.1', '10.0.0.2', seen, net.host('10.0.0.1'), a, b);
  const right = new Side('10.0.0.2', '10.0.0.1', seen, net.host('10.0.0.2'), b, a);
  await Promise.resolve();
  await Promise.resolve();
  return { clock, network: net, a: left, b: right };
}

/** The same, started and up. */
export async function established(a: SideOptions = {}, b: SideOptions = {}) {
  const both = await pair(a, b);
  both.a.session.start();
  both.b.session.start();
  both.clock.advance(500);
  both.a.events.length = 0;
  both.b.events.length = 0;
  return both;
}
