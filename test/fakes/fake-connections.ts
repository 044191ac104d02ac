import { addressBytes, parseAddress } from '../../src/base/index.ts';
import type { ConnectionEvent, ConnectionEvents, TrackedConnection } from '../../src/netlink/index.ts';

/** What a connection has carried. */
type Carried = Partial<Pick<ConnectionEvent, 'packets' | 'octets' | 'answeredPackets' | 'answeredOctets'>>;

/** What has happened to connections, for each who follows them. */
export class FakeConnectionEvents {
  readonly #queues = new Set<ConnectionEvent[]>();

  open(): ConnectionEvents {
    const queue: ConnectionEvent[] = [];
    this.#queues.add(queue);
    return {
      lost: 0,
      read: (listener, most) => {
        const taken = this.#queues.has(queue) ? queue.splice(0, most) : [];
        for (const event of taken) listener(event);
        return taken.length;
      },
      stop: () => void this.#queues.delete(queue),
    };
  }

  tell(kind: ConnectionEvent['kind'], connection: TrackedConnection, carried?: Carried): void {
    for (const queue of this.#queues) queue.push(connectionEvent(kind, connection, carried));
  }
}

/** What a kernel tells of this connection. */
function connectionEvent(
  kind: ConnectionEvent['kind'],
  { family, protocol, original, reply }: TrackedConnection,
  carried: Carried = {},
): ConnectionEvent {
  const ends = [original.source, original.destination, reply.source];
  return {
    kind,
    family,
    protocol,
    addresses: Uint32Array.from(ends.flatMap(words)),
    sourcePort: original.sourcePort ?? 0,
    destinationPort: original.destinationPort ?? 0,
    answererPort: reply.sourcePort ?? 0,
    icmpType: original.icmp?.type ?? -1,
    icmpCode: original.icmp?.code ?? -1,
    ...{ packets: 0, octets: 0, answeredPackets: 0, answeredOctets: 0 },
    ...carried,
  };
}

function words(address: string): readonly number[] {
  const bytes = new Uint8Array(16);
  bytes.set(addressBytes(parseAddress(address)));
  const view = new DataView(bytes.buffer);
  return [0, 4, 8, 12].map((at) => view.getUint32(at));
}
