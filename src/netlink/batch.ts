import { OutOfBytes } from '../base/index.ts';
import type { BatchSocket } from './batch-socket.ts';
import { KernelError } from './errors.ts';
import { ROUTE_DELETE, type RouteChanges, type RouteFailure } from './kernel.ts';
import { type Acknowledgement, decodeError } from './wire/acknowledgement.ts';
import { errnoMeaning, errnoName, errnoNumber } from './wire/errno.ts';
import { forEachMessage, NLMSG_ERROR } from './wire/message.ts';
import { DATAGRAM_BYTES, fillDatagram, RouteTemplates } from './wire/route-datagram.ts';

/** Requests in one datagram: some 8 ms of the kernel's work, in which the event loop gets much else done. */
const BATCH = 2048;
const LAST_SEQUENCE = 0xffffffff;
const ESRCH = errnoNumber('ESRCH');

/**
 * Writes route changes in batches: `BATCH` requests to a system call, an acknowledgement asked for only by the last.
 * While the kernel carries out one batch on a thread of the pool, the next one is encoded, and the event loop turns:
 * keepalives are never late because of a full table.
 */
export class RouteBatch {
  readonly #open: () => BatchSocket;
  #socket: BatchSocket | undefined;
  #closed = false;
  /** One is with the kernel, the other is being filled. */
  #buffers: readonly [Uint8Array, Uint8Array] | undefined;
  #sequence = 1;
  #turn: Promise<unknown> = Promise.resolve();

  /** The socket is opened on first use: most namespaces are a pod's, and get no batches. */
  constructor(open: () => BatchSocket) {
    this.#open = open;
  }

  /** What the kernel calls the sender in its notifications. */
  get port(): number {
    return this.#opened().port;
  }

  /** What is under way is finished first. */
  close(): void {
    this.#closed = true;
    this.#socket?.close();
  }

  /** Calls queue up behind each other: order is kept. */
  apply(changes: RouteChanges): Promise<readonly RouteFailure[]> {
    const turn = this.#turn.then(() => this.#apply(changes));
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #apply(changes: RouteChanges): Promise<readonly RouteFailure[]> {
    const failures: RouteFailure[] = [];
    const templates = new RouteTemplates(changes);
    const socket = this.#opened();
    const most = Math.min(BATCH, socket.room);
    let underWay = Promise.resolve();
    this.#buffers ??= [new Uint8Array(DATAGRAM_BYTES), new Uint8Array(DATAGRAM_BYTES)];
    let [buffer, other] = this.#buffers;
    for (let from = 0; from < changes.count; ) {
      const sequence = this.#number(most);
      const { bytes, until } = fillDatagram(
        buffer,
        changes,
        from,
        Math.min(changes.count, from + most),
        sequence,
        templates,
      );
      if (until === from) {
        failures.push({ entry: from, ...templates.reason(changes.verbs[from], changes.howIndex[from]) });
        from++;
        continue;
      }
      await underWay;
      const start = from;
      underWay = exchange(socket, buffer.subarray(0, bytes), sequence, until - start, (entry, answer) => {
        const failure = failureOf(changes, start + entry, answer);
        if (failure !== undefined) failures.push(failure);
      });
      [buffer, other] = [other, buffer];
      from = until;
    }
    await underWay;
    return failures;
  }

  /** The first of `count` sequence numbers in a row. Number 0 is for notifications, and a row never wraps round. */
  #number(count: number): number {
    if (this.#sequence + count > LAST_SEQUENCE) this.#sequence = 1;
    const first = this.#sequence;
    this.#sequence += count;
    return first;
  }

  #opened(): BatchSocket {
    if (this.#closed) throw new KernelError('CLOSED', 'netlink', 'the socket was closed');
    this.#socket ??= this.#open();
    return this.#socket;
  }
}

/** `refused` hears of the requests that failed. Rejects if it can't be known which: the last one is always answered. */
async function exchange(
  socket: BatchSocket,
  datagram: Uint8Array,
  first: number,
  count: number,
  refused: (entry: number, answer: Acknowledgement) => void,
): Promise<void> {
  let complete = false;
  await socket.exchange(datagram, (bytes) =>
    forEachAnswer(bytes, (sequence, answer) => {
      const entry = sequence - first;
      if (entry < 0 || entry >= count) return;
      if (answer.errno !== 0) refused(entry, answer);
      if (entry === count - 1) complete = true;
    }),
  );
  if (!complete) throw new KernelError('ENOBUFS', 'netlink', 'answers of the kernel were lost');
}

function forEachAnswer(datagram: Uint8Array, visit: (sequence: number, answer: Acknowledgement) => void): void {
  try {
    forEachMessage(datagram, ({ type, flags, sequence, body }) => {
      if (type === NLMSG_ERROR) visit(sequence, decodeError(flags, body));
    });
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof OutOfBytes)) throw error;
    throw new KernelError('MALFORMED', 'netlink', error.message, { cause: error });
  }
}

function failureOf(changes: RouteChanges, entry: number, { errno, words }: Acknowledgement): RouteFailure | undefined {
  if (errno === ESRCH && changes.verbs[entry] === ROUTE_DELETE) return undefined;
  return { entry, code: errnoName(errno), reason: words ?? errnoMeaning(errno) };
}
