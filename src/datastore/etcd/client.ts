import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { type Clock, reasonOf } from '../../base/index.ts';
import type { EtcdConfig } from '../config.ts';
import { DatastoreFull, DatastoreUnavailable, RevisionExpired, StoreError, Unauthorized } from '../errors.ts';
import { lines, readAll, responseTo } from '../stream.ts';
import { discoverEndpoints } from './discovery.ts';

/** Milliseconds that a member has to answer. */
const patience = 5000;

interface Failure {
  readonly error?: string;
  readonly message?: string;
  readonly code?: number;
}

/** Of gRPC's status codes. */
const OUT_OF_RANGE = 11;
const RESOURCE_EXHAUSTED = 8;
const UNAVAILABLE = 14;
const UNAUTHENTICATED = 16;
const refusals: readonly (number | undefined)[] = [3, 7, UNAUTHENTICATED];

/** The member could not be reached, or can't serve: another one may. `sent` tells whether it may have acted. */
class MemberDown extends Error {
  readonly sent: boolean;

  constructor(message: string, sent: boolean) {
    super(message);
    this.sent = sent;
  }
}

/** The members that DNS names for a domain. */
type Discover = (domain: string) => Promise<readonly string[]>;

/** Speaks to etcd's members through their JSON gateway, to the next one when one is down. */
export class EtcdClient {
  readonly #config: EtcdConfig;
  readonly #discover: Discover;
  readonly #clock: Clock;
  readonly #agents: { readonly http: http.Agent; readonly https: https.Agent };
  readonly #closing = new AbortController();
  #member = 0;
  /** The servers that DNS named, until all of them are down: they may be others by then. */
  #discovered: readonly string[] | undefined;
  #token: string | undefined;

  constructor(config: EtcdConfig, clock: Clock, discover: Discover = discoverEndpoints) {
    this.#config = config;
    this.#discover = discover;
    this.#clock = clock;
    const options = { keepAlive: true, keepAliveMsecs: 10_000 };
    const { key, cert, caCert: ca } = config;
    this.#agents = { http: new http.Agent(options), https: new https.Agent({ ...options, key, cert, ca }) };
  }

  get isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  close(): void {
    this.#closing.abort();
    this.#agents.http.destroy();
    this.#agents.https.destroy();
  }

  /** Asks; if `changes`, a member that may have acted on it is not replaced by another. */
  async call<Answer>(path: string, body: object, changes = false): Promise<Answer> {
    return this.#onAnyMember(changes, (endpoint) => this.#ask<Answer>(endpoint, path, body, changes));
  }

  async #ask<Answer>(endpoint: string, path: string, body: object, changes: boolean): Promise<Answer> {
    const timeout = new AbortController();
    const cancel = this.#clock.after(patience, () => timeout.abort());
    try {
      const response = await this.#post(endpoint, path, body, timeout.signal);
      const text = await wholeOf(response);
      if (response.statusCode !== 200) throw this.#failure(text, response.statusCode, changes);
      return JSON.parse(text) as Answer;
    } catch (error) {
      if (!timeout.signal.aborted) throw error;
      throw new MemberDown(`no answer in ${patience} ms`, changes);
    } finally {
      cancel();
    }
  }

  /** Asks for a stream of answers, one JSON text in each line. */
  async *stream<Answer>(path: string, body: object, signal: AbortSignal): AsyncGenerator<Answer> {
    const response = await this.#onAnyMember(false, async (endpoint) => {
      const opened = await this.#post(endpoint, path, body, signal);
      if (opened.statusCode !== 200) throw this.#failure(await wholeOf(opened), opened.statusCode, false);
      return opened;
    });
    try {
      for await (const line of lines(response)) yield JSON.parse(line) as Answer;
    } catch (error) {
      if (signal.aborted && !this.isClosed) return;
      throw new DatastoreUnavailable(this.isClosed ? 'this store has been closed' : reasonOf(error), { cause: error });
    } finally {
      response.destroy();
    }
    if (!signal.aborted) throw new DatastoreUnavailable('etcd has ended the watch');
  }

  /** The error that an answer in a stream stands for. */
  failureOf(failure: Failure): Error {
    const reason = failure.message ?? failure.error ?? 'unknown failure';
    if (failure.code === OUT_OF_RANGE) return new RevisionExpired(reason);
    return new DatastoreUnavailable(`etcd: ${reason}`);
  }

  async #onAnyMember<Result>(changes: boolean, action: (endpoint: string) => Promise<Result>): Promise<Result> {
    const reasons: string[] = [];
    const endpoints = await this.#members();
    for (let tried = 0; tried < endpoints.length; tried++) {
      if (this.isClosed) throw new DatastoreUnavailable('this store has been closed');
      const endpoint = endpoints[this.#member % endpoints.length].replace(/\/$/, '');
      try {
        return await this.#authenticated(endpoint, action);
      } catch (error) {
        if (this.isClosed) throw new DatastoreUnavailable('this store has been closed');
        if (!(error instanceof MemberDown)) throw error;
        this.#member++;
        reasons.push(`${endpoint}: ${error.message}`);
        if (changes && error.sent) {
          throw new DatastoreUnavailable(`${reasons.at(-1)}; whether the write was done is not known`);
        }
      }
    }
    this.#discovered = undefined;
    throw new DatastoreUnavailable(`etcd: ${reasons.join('; ')}`);
  }

  async #members(): Promise<readonly string[]> {
    const { endpoints, discoverySrv } = this.#config;
    if (discoverySrv === undefined) return endpoints;
    this.#discovered ??= await this.#discover(discoverySrv);
    return this.#discovered;
  }

  async #authenticated<Result>(endpoint: string, action: (endpoint: string) => Promise<Result>): Promise<Result> {
    if (this.#config.username === undefined) return action(endpoint);
    if (this.#token === undefined) await this.#authenticate(endpoint);
    try {
      return await action(endpoint);
    } catch (error) {
      if (!(error instanceof TokenExpired)) throw error;
      await this.#authenticate(endpoint);
      return action(endpoint);
    }
  }

  async #authenticate(endpoint: string): Promise<void> {
    this.#token = undefined;
    const { username, password } = this.#config;
    const body = { name: username, password };
    const { token } = await this.#ask<{ token: string }>(endpoint, '/v3/auth/authenticate', body, false);
    this.#token = token;
  }

  async #post(endpoint: string, path: string, body: object, signal: AbortSignal): Promise<IncomingMessage> {
    const url = new URL(path, `${endpoint}/`);
    const text = JSON.stringify(body);
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
      ...(this.#token && { authorization: this.#token }),
    };
    const either = AbortSignal.any([signal, this.#closing.signal]);
    const options = { method: 'POST', headers };
    const request =
      url.protocol === 'https:'
        ? https.request(url, { ...options, agent: this.#agents.https })
        : http.request(url, { ...options, agent: this.#agents.http });
    let connected = false;
    request.once('socket', (socket) => {
      if (socket.connecting)
        socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', () => (connected = true));
      else connected = true;
    });
    request.end(text);
    try {
      return await responseTo(request, either);
    } catch (error) {
      throw new MemberDown(reasonOf(error), connected);
    }
  }

  #failure(text: string, status: number | undefined, changes: boolean): Error {
    let failure: Failure = {};
    try {
      failure = JSON.parse(text) as Failure;
    } catch {
      failure = { message: `HTTP ${status}: ${text.slice(0, 200)}` };
    }
    const reason = failure.message ?? failure.error ?? `HTTP ${status}`;
    if (/invalid auth token/.test(reason) && this.#token !== undefined) return new TokenExpired(reason);
    if (refusals.includes(failure.code)) return new Unauthorized(`etcd: ${reason}`);
    if (failure.code === OUT_OF_RANGE) return new RevisionExpired(reason);
    if (/database space exceeded/.test(reason)) {
      return new DatastoreFull(`etcd: ${reason}: compact and defragment it, then etcdctl alarm disarm`);
    }
    // Too much is asked at once: that passes, here no earlier than elsewhere.
    if (failure.code === RESOURCE_EXHAUSTED) return new DatastoreUnavailable(`etcd: ${reason}`);
    if (failure.code === UNAVAILABLE || (status ?? 500) >= 500) return new MemberDown(reason, changes);
    return new StoreError('ETCD', `etcd refuses: ${reason}`);
  }
}

class TokenExpired extends Error {}

async function wholeOf(response: IncomingMessage): Promise<string> {
  try {
    return await readAll(response);
  } catch (error) {
    if (error instanceof StoreError) throw error;
    throw new MemberDown(reasonOf(error), true);
  }
}
