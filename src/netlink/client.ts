import { type ByteReader, OutOfBytes } from '../base/index.ts';
import { KernelError } from './errors.ts';
import type { NetlinkSocket, SocketEvents } from './socket.ts';
import { type Acknowledgement, decodeDone, decodeError } from './wire/acknowledgement.ts';
import {
  forEachMessage,
  type NetlinkMessage,
  NLM_F_DUMP_INTR,
  NLMSG_DONE,
  NLMSG_ERROR,
  NLMSG_OVERRUN,
  setSequence,
  wantAcknowledgement,
} from './wire/message.ts';

/** A table that changes all the time can't be dumped consistently; after so many tries the last one must do. */
const DUMP_TRIES = 8;

/** Requests under way at once: their answers fit into the receive buffer many times over. */
const WINDOW = 256;
const LAST_SEQUENCE = 0xffffffff;

/** A request that waits for its answers. */
interface Waiting {
  message(message: NetlinkMessage): void;
  answer(answer: Acknowledgement, flags: number): void;
  fail(error: KernelError): void;
}

/** Opens the socket that a client reads; the client's own handlers are handed in. */
export type OpenSocket = (events: SocketEvents) => NetlinkSocket;

/**
 * Requests and their answers over one socket, matched by sequence number. Requests may overlap; dumps go one after
 * another, as the kernel keeps one cursor per socket. There are no time-outs: rtnetlink always answers, and `close`
 * rejects what still waits.
 */
export class NetlinkClient {
  readonly #socket: NetlinkSocket;
  #sequence = 1;
  /** By sequence number. */
  readonly #waiting = new Map<number, Waiting>();
  /** Requests that wait for room in the window, in order. */
  readonly #backlog: (() => void)[] = [];
  #dumps: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(open: OpenSocket) {
    this.#socket = open({
      message: (datagram) => this.#receive(datagram),
      overflow: () => this.#failAll('ENOBUFS', 'answers of the kernel were lost'),
      error: (error) => this.#failAll('EIO', error.message),
    });
  }

  get port(): number {
    return this.#socket.port;
  }

  /** Sends one request and waits for its acknowledgement. `what` begins the text of an error. */
  async request(message: Uint8Array, what: string): Promise<void> {
    await this.get(message, what, () => undefined);
  }

  /** As `request`, for one that is answered with an object before it is acknowledged. */
  get<T>(message: Uint8Array, what: string, decode: (body: ByteReader) => T | undefined): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      let found: T | undefined;
      const start = () => {
        const sequence = this.#expect({
          message: ({ body }) => {
            found ??= decode(body);
          },
          answer: ({ errno, words }) =>
            errno === 0 ? resolve(found) : reject(KernelError.fromErrno(errno, what, words)),
          fail: reject,
        });
        setSequence(message, sequence);
        this.#send(wantAcknowledgement(message), sequence);
      };
      if (this.#waiting.size < WINDOW) start();
      else this.#backlog.push(start);
    });
  }

  /**
   * Lists a table: every message's body is read by `decode`, which leaves out what it answers `undefined` for. A dump
   * that the kernel says was interrupted by a change is made again; `restart` is called first.
   */
  async dump<T>(
    message: Uint8Array,
    what: string,
    decode: (body: ByteReader) => T | undefined,
    restart: () => void = () => {},
  ): Promise<T[]> {
    const turn = this.#dumps.then(() => this.#dump(message, what, decode, restart));
    this.#dumps = turn.catch(() => {});
    return turn;
  }

  async #dump<T>(
    message: Uint8Array,
    what: string,
    decode: (body: ByteReader) => T | undefined,
    restart: () => void,
  ): Promise<T[]> {
    for (let attempt = 1; ; attempt++) {
      if (attempt > 1) restart();
      const { found, interrupted } = await this.#dumpOnce(message, what, decode);
      if (!interrupted || attempt === DUMP_TRIES) return found;
    }
  }

  #dumpOnce<T>(
    message: Uint8Array,
    what: string,
    decode: (body: ByteReader) => T | undefined,
  ): Promise<{ found: T[]; interrupted: boolean }> {
    return new Promise((resolve, reject) => {
      const found: T[] = [];
      let interrupted = false;
      const sequence = this.#expect({
        message: ({ flags, body }) => {
          if ((flags & NLM_F_DUMP_INTR) !== 0) interrupted = true;
          const value = decode(body);
          if (value !== undefined) found.push(value);
        },
        answer: ({ errno, words }, flags) => {
          if (errno !== 0) reject(KernelError.fromErrno(errno, what, words));
          else resolve({ found, interrupted: interrupted || (flags & NLM_F_DUMP_INTR) !== 0 });
        },
        fail: reject,
      });
      setSequence(message, sequence);
      this.#send(message, sequence);
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.close();
    this.#failAll('CLOSED', 'the socket was closed');
  }

  /** The sequence number for a request whose answers go to `waiting`. Number 0 is for notifications. */
  #expect(waiting: Waiting): number {
    if (this.#sequence === LAST_SEQUENCE) this.#sequence = 1;
    const sequence = this.#sequence++;
    this.#waiting.set(sequence, waiting);
    return sequence;
  }

  #send(datagram: Uint8Array, sequence: number): void {
    if (this.#closed) {
      this.#failAll('CLOSED', 'the socket was closed');
      return;
    }
    const failed = (error: Error) => {
      const code = 'code' in error && typeof error.code === 'string' ? error.code : 'EIO';
      this.#take(sequence)?.fail(new KernelError(code, 'sending to the kernel', error.message));
    };
    try {
      this.#socket.send(datagram, (error) => error && failed(error));
    } catch (error) {
      failed(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #receive(datagram: Uint8Array): void {
    try {
      forEachMessage(datagram, (message) => this.#dispatch(message));
    } catch (error) {
      if (!(error instanceof RangeError || error instanceof OutOfBytes)) throw error;
      this.#failAll('MALFORMED', error.message);
    }
  }

  #dispatch(message: NetlinkMessage): void {
    const { type, sequence, flags, body } = message;
    const waiting = this.#waiting.get(sequence);
    if (waiting === undefined) return;
    if (type === NLMSG_OVERRUN) this.#failAll('ENOBUFS', 'answers of the kernel were lost');
    else if (type === NLMSG_ERROR) this.#answer(sequence, decodeError(flags, body), flags);
    else if (type === NLMSG_DONE) this.#answer(sequence, decodeDone(flags, body), flags);
    else waiting.message(message);
  }

  #answer(sequence: number, answer: Acknowledgement, flags: number): void {
    this.#take(sequence)?.answer(answer, flags);
    this.#backlog.shift()?.();
  }

  #take(sequence: number): Waiting | undefined {
    const waiting = this.#waiting.get(sequence);
    this.#waiting.delete(sequence);
    return waiting;
  }

  #failAll(code: string, reason: string): void {
    const all = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const waiting of all) waiting.fail(new KernelError(code, 'netlink', reason));
    // Those that were not sent yet are not concerned, unless the socket is closed: then they fail as they start.
    for (const start of this.#backlog.splice(0, this.#closed ? this.#backlog.length : WINDOW)) start();
  }
}
