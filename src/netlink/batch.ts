import { OutOfBytes, ParseError, reasonOf } from '../base/index.ts';
import type { BatchSocket } from './batch-socket.ts';
import { KernelError } from './errors.ts';
import { ROUTE_DELETE, type RouteChanges, type RouteFailure } from './kernel.ts';
import { type Acknowledgement, decodeError } from './wire/acknowledgement.ts';
import { errnoMeaning, errnoName, errnoNumber } from './wire/errno.ts';
import { FLAGS_AT, forEachMessage, NLM_F_ACK, NLMSG_ERROR, setSequence } from './wire/message.ts';
import { encodeRouteTemplate, ROUTE_ADDRESS_AT, ROUTE_LENGTH_AT } from './wire/route.ts';

/** Requests in one datagram: some 8 ms of the kernel's work, in which the event loop gets much else done. */
const BATCH = 2048;
const BATCH_BYTES = 128 * 1024;
const LAST_SEQUENCE = 0xffffffff;
const ESRCH = errnoNumber('ESRCH');

/**
 * Writes route changes in batches: `BATCH` requests to a system call, an acknowledgement asked for only by the last.
 * Each way to route is encoded once, as a template; per route the template is copied and its sequence number, prefix
 * length and address are patched, so that a route costs some tens of nanoseconds and no object. While the kernel
 * carries out one batch on a thread of the pool, the next one is encoded, and the event loop turns: keepalives are never
 * late because of a full table.
 */
export class RouteBatch {
  readonly #socket: BatchSocket;
  /** One is with the kernel, the other is being filled. */
  readonly #buffers = [new Uint8Array(BATCH_BYTES), new Uint8Array(BATCH_BYTES)] as const;
  #sequence = 1;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(socket: BatchSocket) {
    this.#socket = socket;
  }

  /** Calls queue up behind each other: order is kept. */
  apply(changes: RouteChanges): Promise<readonly RouteFailure[]> {
    const turn = this.#turn.then(() => this.#apply(changes));
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #apply(changes: RouteChanges): Promise<readonly RouteFailure[]> {
    const failures: RouteFailure[] = [];
    const templates = new Templates(changes);
    const most = Math.min(BATCH, this.#socket.room);
    let underWay = Promise.resolve();
    let [buffer, other] = this.#buffers;
    for (let from = 0; from < changes.count; ) {
      const sequence = this.#number(most);
      const { bytes, until } = fill(buffer, changes, from, Math.min(changes.count, from + most), sequence, templates);
      if (until === from) {
        failures.push({ entry: from, ...templates.reason(changes.verbs[from], changes.howIndex[from]) });
        from++;
        continue;
      }
      await underWay;
      const start = from;
      underWay = this.#send(buffer.subarray(0, bytes), sequence, until - start, (entry, answer) => {
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

  /** `refused` hears of the requests that failed. Rejects if it can't be known which: the last one is always answered. */
  async #send(
    datagram: Uint8Array,
    first: number,
    count: number,
    refused: (entry: number, answer: Acknowledgement) => void,
  ): Promise<void> {
    let complete = false;
    await this.#socket.exchange(datagram, (bytes) =>
      forEachAnswer(bytes, (sequence, answer) => {
        const entry = sequence - first;
        if (entry < 0 || entry >= count) return;
        if (answer.errno !== 0) refused(entry, answer);
        if (entry === count - 1) complete = true;
      }),
    );
    if (!complete) throw new KernelError('ENOBUFS', 'netlink', 'answers of the kernel were lost');
  }
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

/** The templates of one set of changes, by verb and how, encoded on first use. */
class Templates {
  readonly #changes: RouteChanges;
  readonly #byVerb: (Uint8Array | undefined)[][] = [];

  constructor(changes: RouteChanges) {
    this.#changes = changes;
  }

  /** Undefined for a how that can't be encoded; `reason` tells why. */
  get(verb: number, how: number): Uint8Array | undefined {
    const row = (this.#byVerb[verb] ??= []);
    const known = row[how];
    if (known !== undefined) return known;
    try {
      const template = encodeRouteTemplate(verb, this.#changes.family, this.#changes.hows[how]);
      if (template.length > BATCH_BYTES) return undefined;
      row[how] = template;
      return template;
    } catch (error) {
      if (error instanceof ParseError || error instanceof RangeError) return undefined;
      throw error;
    }
  }

  reason(verb: number, how: number): Omit<RouteFailure, 'entry'> {
    try {
      encodeRouteTemplate(verb, this.#changes.family, this.#changes.hows[how]);
      return { code: 'EMSGSIZE', reason: 'more next hops than a message can hold' };
    } catch (error) {
      return { code: 'EINVAL', reason: reasonOf(error) };
    }
  }
}

/**
 * Encodes entries from `from` on, up to `until`, to one that has no template, or until the buffer is full; returns where
 * it stopped.
 */
export function fill(
  buffer: Uint8Array,
  changes: RouteChanges,
  from: number,
  until: number,
  sequence: number,
  templates: { get(verb: number, how: number): Uint8Array | undefined },
): { readonly bytes: number; readonly until: number } {
  const { addresses, lengths, verbs, howIndex } = changes;
  const words = changes.family === 4 ? 1 : 4;
  let at = 0;
  let last = 0;
  let entry = from;
  for (; entry < until; entry++) {
    const template = templates.get(verbs[entry], howIndex[entry]);
    if (template === undefined || at + template.length > buffer.length) break;
    const size = template.length;
    for (let byte = 0; byte < size; byte++) buffer[at + byte] = template[byte];
    setSequence(buffer, sequence + entry - from, at);
    buffer[at + ROUTE_LENGTH_AT] = lengths[entry];
    let into = at + ROUTE_ADDRESS_AT;
    for (let word = entry * words; word < entry * words + words; word++) {
      const value = addresses[word];
      buffer[into++] = value >>> 24;
      buffer[into++] = value >>> 16;
      buffer[into++] = value >>> 8;
      buffer[into++] = value;
    }
    last = at;
    at += size;
  }
  buffer[last + FLAGS_AT] |= NLM_F_ACK;
  return { bytes: at, until: entry };
}
