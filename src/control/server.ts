import { chmodSync, existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { makeFolder } from '../base/folder.ts';
import { type Log, reasonOf, VRouterError } from '../base/index.ts';
import { RequestRefused } from './errors.ts';
import { MAX_MESSAGE } from './exchange.ts';
import { isOccupied, SocketInUse } from './occupied.ts';
import { type Request, type Response, requestSchema } from './protocol.ts';

/** Answers one request, or rejects: a `VRouterError`'s code reaches the client. */
export type Answer = (request: Request) => Promise<unknown>;

/** `sun_path` of unix(7), without its closing zero. */
export const LONGEST_PATH = 107;

/** Serves the control protocol on a unix socket that only its owner (root) may open. */
export class ControlServer {
  readonly #server: Server;
  readonly #path: string;
  readonly #connections = new Set<Socket>();
  /** The identity of the file at the path that is ours. */
  readonly #file: string;

  private constructor(server: Server, path: string) {
    this.#server = server;
    this.#path = path;
    this.#file = fileAt(path);
    server.on('connection', (socket) => {
      this.#connections.add(socket);
      socket.on('close', () => this.#connections.delete(socket));
    });
  }

  /**
   * A socket file that a killed daemon left behind is replaced; where a daemon answers, its socket is left alone:
   * `SocketInUse`. `SOCKET_PATH`: there can be no socket at this path.
   */
  static async listen(path: string, answer: Answer, log: Log): Promise<ControlServer> {
    if (Buffer.byteLength(path) > LONGEST_PATH) {
      throw new VRouterError(
        'SOCKET_PATH',
        `socket path ${path} is longer than ${LONGEST_PATH} bytes: choose a shorter one with VROUTER_SOCKET`,
      );
    }
    const server = createServer((socket) => serve(socket, answer, log));
    try {
      makeFolder(dirname(path));
      if (existsSync(path)) await makeRoom(path);
      await bind(server, path);
    } catch (error) {
      if (error instanceof VRouterError) throw error;
      // Another daemon, started in the same moment, was faster.
      if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') throw new SocketInUse(path);
      const advice = 'make its folder writable for root, or choose another path with VROUTER_SOCKET';
      throw new VRouterError('SOCKET_PATH', `socket ${path}: ${reasonOf(error)}; ${advice}`, { cause: error });
    }
    return new ControlServer(server, path);
  }

  /** Whether our socket is at the path still. */
  get isThere(): boolean {
    return fileAt(this.#path) === this.#file;
  }

  get isIdle(): boolean {
    return this.#connections.size === 0;
  }

  /** Takes no connections any more, and has no part in the path; those that are there go on. */
  retire(): void {
    // Closing would remove whatever is at the path: the kernel closes ours with the process, and removes nothing.
    this.#server.unref();
  }

  /** Ends it, and removes the socket, unless another daemon's is there by now. */
  async close(): Promise<void> {
    for (const connection of this.#connections) connection.destroy();
    if (!this.isThere) return this.retire();
    await new Promise<void>((resolve) => {
      this.#server.close(() => {
        rmSync(this.#path, { force: true });
        resolve();
      });
    });
  }
}

/** Tells files at one path apart: a number is soon given to the next file. */
function fileAt(path: string): string {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found === undefined ? 'none' : `${found.dev} ${found.ino} ${found.ctimeNs}`;
}

/**
 * Removes what a daemon that has ended left at the path. It is moved aside first, and asked once more there: a daemon
 * that starts in the same moment may have put its own in the place.
 */
async function makeRoom(path: string): Promise<void> {
  if (await isOccupied(path)) throw new SocketInUse(path);
  const aside = `${path}.${process.pid}`;
  renameSync(path, aside);
  if (await isOccupied(aside)) {
    renameSync(aside, path);
    throw new SocketInUse(path);
  }
  rmSync(aside, { force: true });
}

function bind(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const mask = process.umask(0o177);
    server.listen(path, () => {
      server.off('error', reject);
      chmodSync(path, 0o600);
      resolve();
    });
    // The path is made within `listen`: no other file of this process gets these rights.
    process.umask(mask);
  });
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
