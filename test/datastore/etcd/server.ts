import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** An etcd of the test's own, on loopback, with its data in a temporary folder. */
export class EtcdServer {
  readonly endpoint: string;
  readonly #folder: string;
  readonly #arguments: readonly string[];
  readonly #program: string;
  #process: ChildProcess | undefined;

  private constructor(
    folder: string,
    endpoint: string,
    peer: string,
    extra: readonly string[],
    cluster: readonly string[] = [peer],
    program = 'etcd',
  ) {
    this.#folder = folder;
    this.#program = program;
    this.endpoint = endpoint;
    const members = cluster.map((url) => `${nameOf(url)}=${url}`).join();
    this.#arguments = [
      ...['--data-dir', join(folder, 'data'), '--name', nameOf(peer), '--initial-cluster', members],
      ...['--listen-client-urls', endpoint, '--advertise-client-urls', endpoint],
      ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
      ...['--unsafe-no-fsync', '--logger', 'zap', '--log-level', 'error', ...extra],
    ];
  }

  static async start(
    scheme: 'http' | 'https' = 'http',
    extra: readonly string[] = [],
    program = 'etcd',
  ): Promise<EtcdServer> {
    const folder = await mkdtemp(join(tmpdir(), 'vrt-etcd-'));
    const [client, peers] = [await freePort(), `http://127.0.0.1:${await freePort()}`];
    const server = new EtcdServer(folder, `${scheme}://127.0.0.1:${client}`, peers, extra, [peers], program);
    await server.run();
    return server;
  }

  /** Several members of one cluster. */
  static async cluster(size: number): Promise<readonly EtcdServer[]> {
    const peers: string[] = [];
    const servers: EtcdServer[] = [];
    for (let at = 0; at < size; at++) peers.push(`http://127.0.0.1:${await freePort()}`);
    for (const peer of peers) {
      const folder = await mkdtemp(join(tmpdir(), 'vrt-etcd-'));
      servers.push(new EtcdServer(folder, `http://127.0.0.1:${await freePort()}`, peer, [], peers));
    }
    await Promise.all(servers.map((server) => server.run()));
    return servers;
  }

  /** Starts it on the data that it has, and waits until it listens. */
  async run(): Promise<void> {
    this.#process = spawn(this.#program, this.#arguments, { stdio: ['ignore', 'ignore', 'inherit'] });
    const { port } = new URL(this.endpoint);
    while (!(await listens(Number(port)))) {
      if (this.#process.exitCode !== null) throw new Error(`etcd ended with ${this.#process.exitCode}`);
    }
  }

  async kill(signal: 'SIGKILL' | 'SIGTERM' | 'SIGSTOP' | 'SIGCONT'): Promise<void> {
    const running = this.#process;
    if (running === undefined || running.exitCode !== null) return;
    running.kill(signal);
    if (signal === 'SIGKILL' || signal === 'SIGTERM') await once(running, 'exit');
  }

  /** Keeps a copy of its data; it must not run. */
  async backup(): Promise<void> {
    await cp(join(this.#folder, 'data'), join(this.#folder, 'backup'), { recursive: true });
  }

  /** Brings the copy back, as after a loss of the data. */
  async restore(): Promise<void> {
    await rm(join(this.#folder, 'data'), { recursive: true });
    await cp(join(this.#folder, 'backup'), join(this.#folder, 'data'), { recursive: true });
  }

  async stop(): Promise<void> {
    await this.kill('SIGKILL');
    await rm(this.#folder, { recursive: true });
  }
}

/** A member's name, made of the port that its peers know. */
function nameOf(peer: string): string {
  return `m${new URL(peer).port}`;
}

/** A call to etcd's gateway, past the code under test. */
export async function etcdCall<Answer>(endpoint: string, path: string, body: object): Promise<Answer> {
  const response = await fetch(`${endpoint}${path}`, { method: 'POST', body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
  return (await response.json()) as Answer;
}

export const base64 = (text: string): string => Buffer.from(text).toString('base64');

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function listens(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(port, '127.0.0.1', () => resolve(true)).once('error', () => resolve(false));
  return promise.finally(() => socket.destroy());
}
