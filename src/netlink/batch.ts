import { OutOfBytes } from '../base/index.ts';
import type { BatchSocket } from './batch-socket.ts';
import { KernelError } from './errors.ts';
import { ROUTE_DELETE, type RouteChanges, type RouteFailure } from './kernel.ts';
import { type Acknowledgement, decodeError } from './wire/acknowledgement.ts';
import { errnoMeaning, errnoName, errnoNumber } from './wire/errno.ts';
import { forEachMessage, NLMSG_ERROR } from './wire/message.ts';
import { DATAGRAM_BYTES, fillDatagram, RouteTemplates } from './wire/route-datagram.ts';

/** Requests in one datagram: some 15 ms of the kernel's work, in which the event loop gets much else done. */
const BATCH = 4096;
const LAST_SEQUENCE = 0xffffffff;
const ESRCH = errnoNumber('ESRCH');

/**
 * Writes route changes in batches: `BATCH` requests to a system call, an acknowledgement asked for only by the last.
 * While the kernel carries out one batch on a thread of the pool, the next one is encoded, and the event loop turns:
 * keepalives are never late because of a full table.
 */
export class RouteSender {
  readonly #open: () => BatchSocket;
  #socket: BatchSocket | undefined;
  #closed = false;
  /** The first is being filled, the second is with the kernel. */
  #buffers: readonly [Uint8Array, Uint8Array] | undefined;
  #sequence = 1;
  /** The datagram that the kernel has; it never rejects. */
  #underWay: Promise<unknown> = Promise.resolve();
  /** Resolves when all datagrams of the calls so far are with the kernel. */
  #turn: Promise<unknown> = Promise.resolve();

  /** The socket is opened on first use: most namespaces are a pod's, and get no batches. */
  constructor(open: () => BatchSocket) {
    this.#open = open;
  }

  /** The sender's port in the kernel's notifications. */
  get port(): number {
    return this.#opened().port;
  }

  /** Closes after what is under way is finished. */
  close(): void {
    this.#closed = true;
    this.#socket?.close();
  }

  /** Calls queue up behind each other: order is kept, and one call's last batch is with the kernel while the next encodes. */
  async apply(changes: RouteChanges): Promise<readonly RouteFailure[]> {
    const failures: RouteFailure[] = [];
    const sent = this.#turn.then(() => this.#send(changes, failures));
    this.#turn = sent.catch(() => {});
    const { answered } = await sent;
    await answered;
    return failures;
  }

  /** Resolves when the last datagram is with the kernel; `answered`, when the kernel has answered for it. */
  async #send(changes: RouteChanges, failures: RouteFailure[]): Promise<{ readonly answered: Promise<void> }> {
    const socket = this.#opened();
    const templates = new RouteTemplates(changes);
    const most = Math.min(BATCH, socket.room);
    let answered = Promise.resolve();
    for (let from = 0; from < changes.count; ) {
      const start = from;
      const first = this.#number(most);
      this.#buffers ??= [new Uint8Array(DATAGRAM_BYTES), new Uint8Array(DATAGRAM_BYTES)];
      const [buffer, other] = this.#buffers;
      const { bytes, until } = fillDatagram(
        buffer,
        changes,
        from,
        Math.min(changes.count, from + most),
        first,
        templates,
      );
      if (until === from) {
        failures.push({ entry: from, ...templates.reason(changes.verbs[from], changes.infoIndex[from]) });
        from++;
        continue;
      }
      await this.#underWay;
      await answered;
      answered = exchange(socket, buffer.subarray(0, bytes), first, until - start, (entry, answer) => {
        const failure = failureOf(changes, start + entry, answer);
        if (failure !== undefined) failures.push(failure);
      });
      this.#underWay = answered.catch(() => {});
      this.#buffers = [other, buffer];
      from = until;
    }
    return { answered };
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
