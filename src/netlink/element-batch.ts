import { ByteReader, OutOfBytes } from '../base/index.ts';
import { type BatchSocket, openBatchSocket } from './batch-socket.ts';
import { NETLINK_NETFILTER } from './socket.ts';
import { type BatchChange, ElementError, type TableElements } from './table-changes.ts';
import type { TableDump } from './table-dump.ts';
import { readTable } from './table-reading.ts';
import { type Acknowledgement, decodeError } from './wire/acknowledgement.ts';
import { errnoMeaning, errnoName } from './wire/errno.ts';
import { forEachMessage, HEADER_LENGTH, NLMSG_ERROR, setSequence, wantAcknowledgement } from './wire/message.ts';
import { encodeBatchEdges, NFNL_SUBSYS_NFTABLES } from './wire/nfnetlink.ts';
import { decodeElementAt, type ElementMessage, encodeElements } from './wire/set-elements.ts';
import { BatchNumbers, encodeObject, encodeTableQuery } from './wire/table-objects.ts';

/**
 * Octets of one batch, half a million addresses. The kernel takes a batch as one datagram; the buffer is a limit, and
 * takes no memory.
 */
const LONGEST_BATCH = 8 * 1024 * 1024;
const [BEGIN, END] = encodeBatchEdges(NFNL_SUBSYS_NFTABLES);

interface Request extends ElementMessage {
  readonly change: number;
}

/** Opens a socket for elements; nothing is read from it but answers. Throws `KernelError`. */
export function openTableElements(options: { readonly namespace?: string } = {}): TableElements {
  return new ElementBatches(openBatchSocket({ ...options, protocol: NETLINK_NETFILTER, sendBuffer: LONGEST_BATCH }));
}

/** One datagram is one batch is one transaction of the kernel's; while one is carried out, the next ones wait. */
class ElementBatches implements TableElements {
  readonly #socket: BatchSocket;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(socket: BatchSocket) {
    this.#socket = socket;
  }

  get port(): number {
    return this.#socket.port;
  }

  async change(
    table: { readonly family: string; readonly name: string },
    changes: readonly BatchChange[],
  ): Promise<void> {
    const numbers = new BatchNumbers();
    const requests = changes.flatMap((change, index): Request[] => {
      if (!('elements' in change))
        return encodeObject(table, change, numbers).map((bytes) => ({ bytes, first: 0, count: 0, change: index }));
      return encodeElements(table, change).map((message) => ({ ...message, change: index }));
    });
    if (requests.length === 0) return;
    const batch = joined(requests);
    await this.#next(() => this.#exchange(batch, requests));
  }

  async has(table: { readonly family: string; readonly name: string }): Promise<boolean> {
    const bytes = wantAcknowledgement(encodeTableQuery(table));
    setSequence(bytes, 1);
    try {
      await this.#next(() => this.#exchange(bytes, [{ bytes, first: 0, count: 0, change: 0 }]));
      return true;
    } catch (error) {
      if (error instanceof ElementError && error.code === 'ENOENT') return false;
      throw error;
    }
  }

  read(table: { readonly family: string; readonly name: string }): Promise<TableDump> {
    return this.#next(() => readTable(this.#socket, table));
  }

  close(): void {
    this.#socket.close();
  }

  #next<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #exchange(batch: Uint8Array, requests: readonly Request[]): Promise<void> {
    let refused: ElementError | undefined;
    let isDone = false;
    await this.#socket.exchange(batch, (datagram) =>
      forEachAnswer(datagram, (sequence, answer) => {
        const request = requests[sequence - 1];
        if (answer.errno !== 0) refused ??= errorOf(answer, request);
        else if (sequence === requests.length) isDone = true;
      }),
    );
    if (refused !== undefined) throw refused;
    if (!isDone) throw new ElementError('ENOBUFS', 'the answer of the kernel was lost');
  }
}

/** Sequence numbers are places: 0 opens the batch, 1 is the first request. The last request is acknowledged. */
function joined(requests: readonly Request[]): Uint8Array {
  const messages = [BEGIN, ...requests.map(({ bytes }) => bytes), END];
  const batch = new Uint8Array(messages.reduce((sum, { length }) => sum + length, 0));
  if (batch.length > LONGEST_BATCH) {
    throw new ElementError('EMSGSIZE', `a batch of ${batch.length} octets; the kernel takes ${LONGEST_BATCH} at once`);
  }
  wantAcknowledgement(requests[requests.length - 1].bytes);
  let at = 0;
  for (const [sequence, message] of messages.entries()) {
    batch.set(message, at);
    setSequence(batch, sequence, at);
    at += message.length;
  }
  return batch;
}

function errorOf({ errno, words, offset }: Acknowledgement, request: Request | undefined): ElementError {
  const reason = words ?? errnoMeaning(errno);
  if (request === undefined) return new ElementError(errnoName(errno), reason);
  const { bytes, change, first, count } = request;
  // Chains, rules and sets have no elements.
  if (count === 0) return new ElementError(errnoName(errno), reason, { change });
  // Without an offset, one that stands alone is the one.
  const body = new ByteReader(bytes, HEADER_LENGTH, bytes.length, true);
  const place = offset === undefined ? undefined : decodeElementAt(body, offset);
  const element = place ?? (count === 1 ? 0 : undefined);
  return new ElementError(errnoName(errno), reason, {
    change,
    ...(element === undefined ? {} : { element: first + element }),
  });
}

function forEachAnswer(datagram: Uint8Array, visit: (sequence: number, answer: Acknowledgement) => void): void {
  try {
    forEachMessage(datagram, ({ type, flags, sequence, body }) => {
      if (type === NLMSG_ERROR) visit(sequence, decodeError(flags, body));
    });
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof OutOfBytes)) throw error;
    throw new ElementError('MALFORMED', error.message);
  }
}
