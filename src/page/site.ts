import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Clock, type Log, reasonOf, VRouterError } from '../base/index.ts';
import type { Request } from '../control/index.ts';
import { type Asset, readAssets } from './assets.ts';
import { hasToken, SAFE_HEADERS, strangerProblem } from './guard.ts';
import { Live } from './live.ts';
import type { Questions } from './questions.ts';

export interface SiteOptions {
  /** `node`: of the daemon that serves it; `cluster`: of all of them. */
  readonly scope: 'node' | 'cluster';
  readonly questions: Questions;
  /** Answers live questions, which are asked again and again; undefined: there are none. */
  readonly live: ((question: Request) => Promise<unknown>) | undefined;
  /** The token that readers must bring now; undefined: whoever is on this machine may read. */
  readonly token: (() => string) | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** The pages of one place to listen at: files, answers, and what happens as it happens. */
export class Site {
  readonly #options: SiteOptions;
  readonly #assets: ReadonlyMap<string, Asset> = readAssets();
  readonly #live: Live | undefined;

  constructor(options: SiteOptions) {
    this.#options = options;
    const { live: ask, clock, log } = options;
    this.#live = ask && new Live({ ask, clock, log });
  }

  /** Answers one request, whatever it is. */
  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(SAFE_HEADERS)) response.setHeader(name, value);
    const refusal = this.#refusal(request);
    if (refusal !== undefined) return send(response, ...refusal);
    const url = URL.parse(request.url ?? '/', 'http://page');
    if (url === null) return send(response, 400, { code: 'BAD_REQUEST', message: 'that is no path' });
    const { pathname, searchParams } = url;
    const asset = this.#assets.get(pathname);
    if (asset !== undefined) return sendAsset(request, response, asset);
    const [, kind, op] = /^\/(api|live)\/([a-z.-]+)$/.exec(pathname) ?? [];
    if (kind === 'live' && this.#live !== undefined) return this.#live.serve(op, request, response);
    if (kind !== 'api') return send(response, 404, { code: 'NO_PAGE', message: 'no such page; start at /' });
    try {
      send(response, 200, op === 'page' ? { scope: this.#options.scope } : await this.#answer(op, searchParams));
    } catch (error) {
      this.#failed(response, op, error);
    }
  }

  /** Ends what is still being told. */
  close(): void {
    this.#live?.close();
  }

  async #answer(op: string, query: URLSearchParams): Promise<unknown> {
    const { questions } = this.#options;
    if (Object.hasOwn(questions, op)) return questions[op](query);
    const known = Object.keys(questions).join(', ');
    throw new VRouterError('BAD_REQUEST', `no question '${op}'; there are ${known}`);
  }

  #refusal(request: IncomingMessage): readonly [number, Problem] | undefined {
    const { token } = this.#options;
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return [405, { code: 'READ_ONLY', message: 'this page only reads: GET and HEAD' }];
    if (token === undefined) {
      const message = strangerProblem(request.headers);
      return message === undefined ? undefined : [403, { code: 'STRANGER', message }];
    }
    if (hasToken(request.headers, token())) return undefined;
    return [401, { code: 'TOKEN', message: 'the token is asked for: as a password with any name, or as Bearer' }];
  }

  #failed(response: ServerResponse, op: string, error: unknown): void {
    const known = error instanceof VRouterError;
    if (!known) this.#options.log.error({ err: error, op }, 'a question of the page failed');
    const code = known ? error.code : 'INTERNAL';
    send(response, known ? 400 : 500, { code, message: known ? reasonOf(error) : 'it failed; the log says why' });
  }
}

interface Problem {
  readonly code: string;
  readonly message: string;
}

function send(response: ServerResponse, status: number, value: unknown): void {
  if (status === 401) response.setHeader('www-authenticate', 'Basic realm="vRouter", charset="UTF-8"');
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' });
  response.end(response.req.method === 'HEAD' ? undefined : JSON.stringify(value));
}

function sendAsset(request: IncomingMessage, response: ServerResponse, { type, body, etag }: Asset): void {
  response.setHeader('cache-control', 'no-cache');
  response.setHeader('etag', etag);
  if (request.headers['if-none-match'] === etag) {
    response.writeHead(304).end();
    return;
  }
  response.writeHead(200, { 'content-type': type }).end(request.method === 'HEAD' ? undefined : body);
}
