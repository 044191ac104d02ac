import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { type Log, reasonOf, VRouterError } from '../base/index.ts';
import { RequestRefused } from './errors.ts';
import { MAX_MESSAGE } from './exchange.ts';
import { type Request, type Response, requestSchema } from './protocol.ts';

/** Answers one request, or rejects: a `VRouterError`'s code reaches the client. */
export type Answer = (request: Request) => Promise<unknown>;

/** `sun_path` of unix(7), without its closing zero. */
const LONGEST_PATH = 107;

/** Serves the control protocol on a unix socket that only its owner (root) may open. */
export class ControlServer {
  readonly #server: Server;
  readonly #path: string;
  readonly #connections = new Set<Socket>();

  private constructor(server: Server, path: string) {
    this.#server = server;
    this.#path = path;
    server.on('connection', (socket) => {
      this.#connections.add(socket);
      socket.on('close', () => this.#connections.delete(socket));
    });
  }

  /** A socket file that a killed daemon left behind is replaced. */
  static listen(path: string, answer: Answer, log: Log): Promise<ControlServer> {
    if (Buffer.byteLength(path) > LONGEST_PATH) {
      throw new VRouterError(
        'SOCKET_PATH',
        `socket path ${path} is longer than ${LONGEST_PATH} bytes: choose a shorter one`,
      );
    }
    mkdirSync(dirname(path), { recursive: true });
    rmSync(path, { force: true });
    const server = createServer((socket) => serve(socket, answer, log));
    return new Promise((resolve, reject) => {
      server.on('error', reject);
      const mask = process.umask(0o177);
      server.listen(path, () => {
        process.umask(mask);
        chmodSync(path, 0o600);
        resolve(new ControlServer(server, path));
      });
    });
  }

  close(): Promise<void> {
    for (const connection of this.#connections) connection.destroy();
    return new Promise((resolve) => {
      this.#server.close(() => {
        rmSync(this.#path, { force: true });
        resolve();
      });
    });
  }
}

function serve(socket: Socket, answer: Answer, log: Log): void {
  let buffered = '';
  socket.setEncoding('utf8');
  socket.on('error', (error) => log.debug({ err: error.message }, 'control connection ended'));
  socket.on('data', (text: string) => {
    buffered += text;
    if (buffered.length > MAX_MESSAGE) {
      socket.end(line(failure('TOO_LONG', `a request may have at most ${MAX_MESSAGE} bytes`)));
      return;
    }
    const lines = buffered.split('\n');
    buffered = lines.pop() ?? '';
    for (const request of lines) {
      void respond(request, answer, log).then((response) => {
        if (!socket.destroyed) socket.write(line(response));
      });
    }
  });
}

async function respond(text: string, answer: Answer, log: Log): Promise<Response> {
  const request = requestSchema.safeParse(parse(text));
  if (!request.success) {
    const { path, message } = request.error.issues[0];
    return failure('BAD_REQUEST', `request field '${path.join('.') || 'op'}': ${message}`);
  }
  try {
    return { ok: true, result: await answer(request.data) };
  } catch (error) {
    if (!(error instanceof VRouterError)) log.error({ err: error, op: request.data.op }, 'control request failed');
    const code = error instanceof VRouterError ? error.code : 'INTERNAL';
    return failure(code, reasonOf(error), error instanceof RequestRefused ? error.cniCode : undefined);
  }
}

function failure(code: string, message: string, cniCode?: number): Response {
  return { ok: false, error: { code, message, ...(cniCode !== undefined && { cniCode }) } };
}

function line(response: Response): string {
  return `${JSON.stringify(response)}\n`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
