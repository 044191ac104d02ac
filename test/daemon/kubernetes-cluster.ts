import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Test } from 'tap';
import { nodeStatusSchema } from '../../src/control/answers.ts';
import { type CniRequest, request, type StatusAnswer } from '../../src/control/index.ts';
import { makeNamespace } from '../fakes/namespaces.ts';
import type { Order } from './api-server-process.ts';

/** What the nodes' datastore is. */
export type Engine = 'kubernetes' | 'etcdv3';

const ADDRESSES = { node1: '192.0.2.1', node2: '192.0.2.2' } as const;
type Name = keyof typeof ADDRESSES;

/** Two nodes in namespaces of their own, joined by a cable; the API server, or etcd, is beside the first. */
export class Cluster {
  readonly #folder = mkdtempSync(join(tmpdir(), 'vrt-kubed-'));
  readonly #namespaces = { node1: makeNamespace(), node2: makeNamespace() };
  readonly #pods: ReturnType<typeof makeNamespace>[] = [];
  readonly #daemons = new Map<Name, ChildProcess>();
  #server!: ChildProcess;
  #lines!: AsyncIterator<string>;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #engine: Engine;
  #url = '';

  private constructor(engine: Engine, environment: Readonly<Record<string, string>>) {
    this.#engine = engine;
    this.#environment = environment;
  }

  static async start(
    t: Test,
    engine: Engine = 'kubernetes',
    environment: Readonly<Record<string, string>> = {},
  ): Promise<Cluster> {
    const cluster = new Cluster(engine, environment);
    t.teardown(() => cluster.#stop());
    const { node1, node2 } = cluster.#namespaces;
    ip('link', 'add', 'eth0', 'netns', node1.name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', node2.name);
    for (const name of ['node1', 'node2'] as const) {
      const words = ['-n', cluster.#namespaces[name].name];
      ip(...words, 'addr', 'add', `${ADDRESSES[name]}/24`, 'dev', 'eth0');
      for (const device of ['lo', 'eth0']) ip(...words, 'link', 'set', device, 'up');
    }
    await cluster.#serve();
    for (const name of ['node1', 'node2'] as const) await cluster.run(name);
    return cluster;
  }

  async #serve(): Promise<void> {
    if (this.#engine === 'etcdv3') {
      this.#url = `http://${ADDRESSES.node1}:2379`;
      const peers = `http://${ADDRESSES.node1}:2380`;
      const urls = ['--listen-client-urls', this.#url, '--advertise-client-urls', this.#url];
      const own = ['--listen-peer-urls', peers, '--initial-advertise-peer-urls', peers, '--name', 'm'];
      const rest = ['--initial-cluster', `m=${peers}`, '--unsafe-no-fsync', '--logger', 'zap', '--log-level', 'error'];
      const words = ['etcd', '--data-dir', join(this.#folder, 'etcd'), ...urls, ...own, ...rest];
      this.#server = this.#spawn('node1', words, {}, 'ignore');
      return;
    }
    const script = join(import.meta.dirname, 'api-server-process.ts');
    const words = [process.execPath, script, ADDRESSES.node1, ...Object.keys(ADDRESSES)];
    this.#server = this.#spawn('node1', words, {}, 'pipe');
    this.#lines = createInterface({ input: this.#server.stdout! })[Symbol.asyncIterator]();
    this.#url = await this.#line();
  }

  /** The datastore goes away, and breaks all connections. */
  async takeAway(): Promise<void> {
    if (this.#engine === 'kubernetes') await this.ask('refuse');
    else await end(this.#server);
  }

  async bringBack(): Promise<void> {
    if (this.#engine === 'kubernetes') await this.ask('serve');
    else await this.#serve();
  }

  /** Has the API server's process do something; resolves with its answer. */
  async ask(order: Order, ...words: readonly string[]): Promise<string> {
    this.#server.stdin!.write(`${[order, ...words].join(' ')}\n`);
    return this.#line();
  }

  async run(name: Name): Promise<void> {
    this.launch(name);
    await this.until(`the daemon of ${name} answers`, async () => (await this.status(name)).serving === true);
  }

  /** Starts a node's daemon, and waits for nothing. */
  launch(name: Name, settings: Readonly<Record<string, string>> = {}): void {
    const env = {
      DATASTORE_TYPE: this.#engine,
      ...(this.#engine === 'kubernetes' ? { K8S_API_ENDPOINT: this.#url } : { ETCD_ENDPOINTS: this.#url }),
      CALICO_IPV4POOL_CIDR: '10.244.0.0/16',
      CALICO_IPV4POOL_IPIP: 'Never',
      NODENAME: name,
      IP: `${ADDRESSES[name]}/24`,
      CALICO_NODENAME_FILE: join(this.#folder, `${name}.nodename`),
      VROUTER_SOCKET: this.socket(name),
      VROUTER_IPAM_LEDGER: 'none',
      VROUTER_MTU_FILE: 'none',
      VROUTER_BGP_HOLD_TIME: '3',
      VROUTER_BGP_CONNECT_RETRY_TIME: '1',
      VROUTER_BGP_RESTART_TIME: '1',
      VROUTER_SNAPSHOT: this.snapshot(name),
      FELIX_LOGSEVERITYSCREEN: 'error',
      ...this.#environment,
      ...settings,
    };
    this.#daemons.set(name, this.#spawn(name, [process.execPath, 'src/main.ts', 'daemon'], env, 'ignore'));
  }

  snapshot(name: Name): string {
    return join(this.#folder, `${name}.snapshot`);
  }

  async kill(name: Name): Promise<void> {
    await end(this.#daemons.get(name)!);
  }

  status(name: Name): Promise<StatusAnswer> {
    return request(this.socket(name), { op: 'status' }, nodeStatusSchema);
  }

  /** The name of the node's network namespace. */
  namespace(name: Name): string {
    return this.#namespaces[name].name;
  }

  routes(name: Name): string {
    return ip('-n', this.#namespaces[name].name, 'route', 'show', 'proto', '80');
  }

  /** The status and the text of a page of the node's daemon, asked for as its host does. */
  page(name: Name, port: number, path: string): { readonly status: number; readonly text: string } {
    const ask = `const r = await fetch('http://localhost:${port}${path}'); console.log(JSON.stringify({status: r.status, text: await r.text()}))`;
    const words = ['netns', 'exec', this.#namespaces[name].name, process.execPath, '--input-type=module', '-e', ask];
    return JSON.parse(ip(...words));
  }

  /** What becomes of the node's routes from now on, as `ip monitor` tells it; `end` returns the lines. */
  watchRoutes(name: Name): { readonly end: () => Promise<readonly string[]> } {
    const monitor = spawn('ip', ['-n', this.#namespaces[name].name, 'monitor', 'route'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    monitor.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    const done = async (): Promise<readonly string[]> => {
      await end(monitor);
      return text.split('\n');
    };
    return { end: done };
  }

  /** The node's token buckets, as tc(8) shows them. */
  buckets(name: Name): string {
    const shown = execFileSync('ip', ['netns', 'exec', this.#namespaces[name].name, 'tc', 'qdisc'], {
      encoding: 'utf8',
    });
    return shown
      .split('\n')
      .filter((line) => line.includes(' tbf 80: '))
      .join('\n');
  }

  /** A pod that Kubernetes knows of, with a namespace for its network. */
  async pod(node: Name, name: string): Promise<CniRequest> {
    if (this.#engine === 'kubernetes') await this.ask('pod', node, name);
    const namespace = makeNamespace();
    this.#pods.push(namespace);
    const args = { K8S_POD_NAMESPACE: 'default', K8S_POD_NAME: name, K8S_POD_INFRA_CONTAINER_ID: name };
    const config = { cniVersion: '1.0.0', name: 'k8s-pod-network' };
    return { containerId: name, ifName: 'eth0', netns: namespace.path, args, config };
  }

  /** Another sandbox of the same pod. */
  async sandbox(pod: CniRequest, containerId: string): Promise<CniRequest> {
    const namespace = makeNamespace();
    this.#pods.push(namespace);
    return { ...pod, containerId, netns: namespace.path };
  }

  async until(what: string, condition: () => Promise<boolean>): Promise<void> {
    for (let turn = 0; turn < 1200; turn++) {
      if (await condition().catch(() => false)) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`never happened: ${what}`);
  }

  socket(name: Name): string {
    return join(this.#folder, `${name}.sock`);
  }

  #spawn(
    node: Name,
    words: readonly string[],
    env: Readonly<Record<string, string>>,
    stdio: 'pipe' | 'ignore',
  ): ChildProcess {
    const { name } = this.#namespaces[node];
    return spawn('ip', ['netns', 'exec', name, ...words], {
      stdio: [stdio, stdio, 'inherit'],
      env: { PATH: process.env['PATH'], ...env },
    });
  }

  async #line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error('the API server has ended');
    return value;
  }

  async #stop(): Promise<void> {
    for (const child of [...this.#daemons.values(), this.#server]) {
      if (child !== undefined) await end(child);
    }
    for (const namespace of [...this.#pods, ...Object.values(this.#namespaces)]) namespace.remove();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

function ip(...words: readonly string[]): string {
  return execFileSync('ip', words, { encoding: 'utf8' });
}
