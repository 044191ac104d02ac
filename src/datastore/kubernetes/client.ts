import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { type Clock, reasonOf, sleep } from '../../base/index.ts';
import { formatJson, parseJson } from '../../model/index.ts';
import { DatastoreUnavailable, RevisionExpired, StoreError, Unauthorized } from '../errors.ts';
import { lines, readAll, responseTo } from '../stream.ts';
import type { Access } from './access.ts';

/** An object of the Kubernetes API, as far as every kind is alike. */
export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly creationTimestamp?: string;
    readonly deletionTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly finalizers?: readonly string[];
    readonly [other: string]: unknown;
  };
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
}

/** The API server's answer when it refuses. */
export interface Status {
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
  readonly details?: { readonly causes?: readonly { readonly field?: string }[] };
}

/** A refusal whose meaning depends on what was asked: 404, 409 and 422. */
export class Refused extends Error {
  readonly status: Status;

  constructor(status: Status) {
    super(status.message ?? `HTTP ${status.code}`);
    this.status = status;
  }
}

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly contentType?: string;
}

/** Milliseconds that the API server has to answer. */
const patience = 15_000;
/** A request that the server has no room for is made so often again, as the official client does. */
const pleas = 10;
/** And not later than this, whatever the server or a proxy says, in milliseconds. */
const longestPause = 10_000;
/** A server that has just been started refuses everybody for about a second, until it knows who may do what. */
const refusalsOfAStart = 4;
const pause = 500;

/** Requests to one API server. */
export class KubernetesClient {
  readonly #access: Access;
  readonly #clock: Clock;
  readonly #closing = new AbortController();
  #wasAllowed = false;

  constructor(access: Access, clock: Clock) {
    this.#access = access;
    this.#clock = clock;
  }

  get isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  close(): void {
    this.#closing.abort();
    this.#access.close();
  }

  /** Calls the API server; what it does not refuse for good is repeated for a moment. */
  async call<Answer>(request: ApiRequest): Promise<Answer> {
    for (let refused = 0; ; refused++) {
      try {
        const answer = await this.#call<Answer>(request);
        this.#wasAllowed = true;
        return answer;
      } catch (error) {
        const wait = this.#pauseAfter(error, refused);
        if (wait === undefined) throw error;
        await sleep(this.#clock, wait, this.#closing.signal).catch(() => {});
      }
    }
  }

  /** Milliseconds until what has been refused so often before is asked again; undefined if it isn't. */
  #pauseAfter(error: unknown, before: number): number | undefined {
    if (error instanceof TooBusy) return before < pleas ? error.pause : undefined;
    // It was allowed before, and is forbidden now.
    const mayPass = error instanceof Unauthorized && this.#wasAllowed && before < refusalsOfAStart;
    return mayPass ? pause : undefined;
  }

  /** Reads text that is no object, such as the log of a container. */
  text(path: string, query: Readonly<Record<string, string>> = {}): Promise<string> {
    return this.#read({ method: 'GET', path, query });
  }

  async #call<Answer>(request: ApiRequest): Promise<Answer> {
    return parseJson(await this.#read(request)) as Answer;
  }

  async #read(request: ApiRequest): Promise<string> {
    const timeout = new AbortController();
    const cancel = this.#clock.after(patience, () => timeout.abort());
    try {
      const response = await this.#send(request, timeout.signal);
      const text = await readAll(response);
      if (response.statusCode! >= 300) throw failure(response.statusCode!, text, response.headers['retry-after']);
      return text;
    } catch (error) {
      throw this.#explain(error, timeout.signal.aborted ? `no answer in ${patience} ms` : reasonOf(error));
    } finally {
      cancel();
    }
  }

  /**
   * The answers to a watch, one JSON text in each line, until the server ends it or `signal` aborts. `onOpen`: it has
   * begun.
   */
  async *stream<Answer>(
    path: string,
    query: Readonly<Record<string, string>>,
    signal: AbortSignal,
    onOpen: () => void,
  ): AsyncGenerator<Answer> {
    let response: IncomingMessage | undefined;
    try {
      response = await this.#send({ method: 'GET', path, query }, signal);
      if (response.statusCode !== 200) throw failure(response.statusCode!, await readAll(response));
      onOpen();
      for await (const line of lines(response)) yield parseJson(line) as Answer;
    } catch (error) {
      if (signal.aborted && !this.isClosed) return;
      throw this.#explain(error, reasonOf(error));
    } finally {
      response?.destroy();
    }
  }

  async #send({ method, path, query, body, contentType }: ApiRequest, signal: AbortSignal): Promise<IncomingMessage> {
    if (this.isClosed) throw new DatastoreUnavailable('this store has been closed');
    const options = await this.#access.options();
    const url = new URL(`${this.#access.server}${path}`);
    for (const [name, value] of Object.entries(query ?? {})) url.searchParams.set(name, value);
    const text = body === undefined ? undefined : formatJson(body);
    const headers = {
      ...(options.headers as http.OutgoingHttpHeaders),
      accept: 'application/json',
      'user-agent': 'vrouter',
      ...(text !== undefined && {
        'content-type': contentType ?? 'application/json',
        'content-length': Buffer.byteLength(text),
      }),
    };
    const either = AbortSignal.any([signal, this.#closing.signal]);
    const send = url.protocol === 'http:' ? http.request : https.request;
    const request = send(url, { ...options, method, headers });
    request.end(text);
    return responseTo(request, either);
  }

  #explain(error: unknown, reason: string): unknown {
    if (this.isClosed) return new DatastoreUnavailable('this store has been closed');
    if (error instanceof StoreError || error instanceof Refused) return error;
    return new DatastoreUnavailable(`${this.#access.server}: ${reason}`, { cause: error });
  }
}

/** It has done nothing, and wants to be asked again after this pause, in milliseconds. */
class TooBusy extends DatastoreUnavailable {
  readonly pause: number;

  constructor(reason: string, seconds: number) {
    super(reason);
    this.pause = Math.min(seconds * 1000, longestPause);
  }
}

/** The error that a refusal means; `retryAfter` is the header of that name (RFC 9110 §10.2.3), of which only seconds are read. */
export function failure(code: number, text: string, retryAfter = ''): Error {
  let status: Status = { code, message: text.slice(0, 500) };
  try {
    status = { ...(JSON.parse(text) as Status), code };
  } catch {
    // Not every proxy answers with a Status.
  }
  const message = status.message ?? `HTTP ${code}`;
  if (code === 401 || code === 403) return new Unauthorized(message);
  if (code === 410) return new RevisionExpired(message);
  if (code === 404 || code === 409 || code === 422) return new Refused(status);
  if ((code === 429 || code >= 500) && /^\d+$/.test(retryAfter)) return new TooBusy(message, Number(retryAfter));
  if (code === 429 || code >= 500) return new DatastoreUnavailable(message);
  return new StoreError('KUBERNETES', `the API server refuses: ${message}`);
}
