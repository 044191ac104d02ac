import type { Transport } from 'bgp-speaker-ts';
import { type Connection, type ConnectionReceiver, tcpTransport } from '../../src/bgp/transport/index.ts';

type Side = 'us' | 'peer';

/**
 * TCP on which a collision is certain: the first connection that we make and the first that the peer makes are both
 * held back until both are there and the peer has sent its OPEN on `opens` of them. `survivors` tells who made those
 * that are left.
 */
export function simultaneous(opens: 0 | 2): { readonly transport: Transport; survivors(): readonly Side[] } {
  const tcp = tcpTransport();
  const alive = new Map<Connection, Side>();
  const held = new Map<Side, () => void>();
  const opened = new Set<Connection>();
  let collided = false;

  const hold = (side: Side, go: () => void): void => {
    if (collided) {
      go();
      return;
    }
    held.set(side, go);
    release();
  };
  const heard = (connection: Connection): void => {
    opened.add(connection);
    release();
  };
  const release = (): void => {
    if (collided || held.size < 2 || opened.size < opens) return;
    collided = true;
    for (const go of held.values()) go();
  };
  /** `abandoned` is called when the connection ends while it is held back. */
  const watch = (connection: Connection, side: Side, abandoned: () => void): Connection => {
    alive.set(connection, side);
    return new Watched(connection, {
      heard: () => heard(connection),
      over: () => {
        alive.delete(connection);
        opened.delete(connection);
        if (!collided && held.delete(side)) abandoned();
      },
    });
  };
  return {
    survivors: () => [...alive.values()],
    transport: {
      dial: (options, receiver) => {
        let given = false;
        const cancel = tcp.dial(options, {
          failed: (reason) => receiver.failed(reason),
          connected: (connection) => {
            const watched = watch(connection, 'us', () => given || receiver.failed('the peer closed it'));
            hold('us', () => given || receiver.connected(watched));
          },
        });
        return () => {
          given = true;
          cancel();
        };
      },
      listen: (options, accept) =>
        tcp.listen(options, (connection) => {
          const watched = watch(connection, 'peer', () => {});
          hold('peer', () => accept(watched));
        }),
    },
  };
}

/** A connection that tells when it is over, whoever ended it; what it receives waits until somebody listens. */
class Watched implements Connection {
  readonly #inner: Connection;
  readonly #over: () => void;
  readonly #early: Uint8Array[] = [];
  #receiver: ConnectionReceiver | undefined;
  #closed: string | undefined;

  constructor(inner: Connection, { heard, over }: { heard: () => void; over: () => void }) {
    this.#inner = inner;
    this.#over = over;
    inner.receive({
      data: (chunk) => {
        if (this.#receiver) this.#receiver.data(chunk);
        else {
          this.#early.push(chunk);
          heard();
        }
      },
      drained: () => this.#receiver?.drained(),
      closed: (reason) => {
        over();
        this.#closed = reason;
        this.#receiver?.closed(reason);
      },
    });
  }

  get local() {
    return this.#inner.local;
  }

  get remote() {
    return this.#inner.remote;
  }

  get backlog(): number {
    return this.#inner.backlog;
  }

  get taken(): number {
    return this.#inner.taken;
  }

  receive(receiver: ConnectionReceiver): void {
    this.#receiver = receiver;
    queueMicrotask(() => {
      for (const chunk of this.#early.splice(0)) receiver.data(chunk);
      if (this.#closed !== undefined) receiver.closed(this.#closed);
    });
  }

  write(bytes: Uint8Array): boolean {
    return this.#inner.write(bytes);
  }

  pause(): void {
    this.#inner.pause?.();
  }

  resume(): void {
    this.#inner.resume?.();
  }

  end(): void {
    this.#over();
    this.#receiver = undefined;
    this.#inner.end();
  }

  destroy(): void {
    this.#over();
    this.#receiver = undefined;
    this.#inner.destroy();
  }
}
