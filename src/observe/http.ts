import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { Log } from '../base/index.ts';

/** The answer of a page: a status, a content type, a text. */
export interface Page {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

export type Pages = Readonly<Record<string, () => Page | Promise<Page>>>;

/** Serves every path that is none of the pages'. */
export type RestOfPages = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** A certificate and its key, as PEM. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

export interface Serving {
  readonly pages: Pages;
  readonly rest?: RestOfPages | undefined;
  /** The certificate that is valid now; absent: plain HTTP. */
  readonly tls?: (() => TlsFiles) | undefined;
}

/** Serves a few read-only pages. GET and HEAD only; nothing is read from a request but its path. */
export class PageServer {
  readonly #server: Server;
  readonly address: string;
  readonly port: number;

  private constructor(server: Server, address: string, port: number) {
    this.#server = server;
    this.address = address;
    this.port = port;
  }

  static async listen(host: string, port: number, serving: Serving, log: Log): Promise<PageServer> {
    const listener: RequestListener = (request, response) => void answer(request, response, serving, log);
    const { tls } = serving;
    // A server without TLS doesn't load it.
    const server = tls ? await tlsServer(tls, listener) : createServer(listener);
    server.requestTimeout = 10_000;
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => {
        const bound = server.address();
        resolve(new PageServer(server, host, bound !== null && typeof bound === 'object' ? bound.port : port));
      });
    });
  }

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}

/** Each connection gets the certificate of its time; those that are there keep theirs. */
async function tlsServer(current: () => TlsFiles, listener: RequestListener): Promise<Server> {
  let used = current();
  const server = (await import('node:https')).createServer({ ...used }, listener);
  return server.prependListener('connection', () => {
    const now = current();
    if (now !== used) server.setSecureContext({ ...now });
    used = now;
  });
}

async function answer(request: IncomingMessage, response: ServerResponse, serving: Serving, log: Log): Promise<void> {
  const { pages, rest } = serving;
  const path = (request.url ?? '/').split('?')[0];
  const page = Object.hasOwn(pages, path) ? pages[path] : undefined;
  const send = ({ status, type, body }: Page): void => {
    response.writeHead(status, { 'content-type': type });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
  if (page === undefined && rest !== undefined) {
    return rest(request, response).catch((error) => {
      log.error({ err: error, path }, 'a page failed');
      if (!response.headersSent) send(text(500, 'internal error\n'));
      else response.destroy();
    });
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') return send(text(405, 'only GET\n'));
  if (page === undefined) return send(text(404, `no such page; there are: ${Object.keys(pages).join(' ')}\n`));
  try {
    send(await page());
  } catch (error) {
    log.error({ err: error, path }, 'a page failed');
    send(text(500, 'internal error\n'));
  }
}

export function text(status: number, body: string): Page {
  return { status, type: 'text/plain; charset=utf-8', body };
}
