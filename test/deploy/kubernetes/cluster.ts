import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Test } from 'tap';
import { parse } from 'yaml';
import { systemClock } from '../../../src/base/index.ts';
import { inNamespace, mustRun } from '../../../src/lab/command.ts';
import { until } from '../../../src/lab/until.ts';
import { IMAGE, writeImage } from '../../containerd/image.ts';
import { buildImage } from './image.ts';
import { Kubelet, type RunningPod } from './kubelet.ts';
import { Machine } from './machine.ts';
import { daemonSetSchema, type Pod } from './pod.ts';

const NAMES = ['node1', 'node2'] as const;
const ADDRESSES = ['192.0.2.1', '192.0.2.2'] as const;
/** As containerd knows what a manifest calls `vrouter:0.1.0`. */
const TOKEN = 'first';

export interface ClusterNode {
  readonly machine: Machine;
  readonly kubelet: Kubelet;
  readonly address: string;
}

/**
 * Two machines joined by a cable, with containerd and the image of the Dockerfile; the API server is on the first. Who
 * works on the manifest alone names an archive that was built before in `VROUTER_IMAGE`.
 */
export class KubernetesCluster {
  readonly directory = mkdtempSync('/tmp/vrt-ds-');
  readonly nodes: ClusterNode[] = [];
  #token = TOKEN;
  #port = '';
  #server!: ChildProcess;
  #lines!: AsyncIterator<string>;

  static async start(t: Test): Promise<KubernetesCluster> {
    const cluster = new KubernetesCluster();
    t.teardown(() => cluster.#remove());
    const { directory } = cluster;
    const busybox = join(directory, 'busybox.tar');
    writeImage(busybox);
    const images = [busybox, process.env['VROUTER_IMAGE'] ?? (await buildImage(directory))];
    const machines: Machine[] = [];
    for (const name of NAMES) {
      const machine = await Machine.start(name, join(directory, name), images);
      machines.push(machine);
      cluster.#machines.push(machine);
    }
    await cluster.#cable(machines);
    const port = await cluster.#startServer(machines[0]);
    cluster.#port = port;
    const authority = readFileSync(join(directory, 'tls.crt'), 'utf8');
    for (const [at, machine] of machines.entries()) {
      await machine.run(['mkdir', '-p', '/opt/cni/bin']);
      for (const plugin of ['loopback', 'portmap'])
        await machine.run(['cp', `/usr/lib/cni/${plugin}`, '/opt/cni/bin/']);
      await machine.containerd.startWithoutNetwork();
      const facts = { hostIp: ADDRESSES[at], service: { host: ADDRESSES[0], port } };
      cluster.nodes.push({ machine, kubelet: new Kubelet(machine, facts, authority), address: ADDRESSES[at] });
    }
    return cluster;
  }

  readonly #machines: Machine[] = [];

  /** Runs the DaemonSet's pod on a node. */
  run(node: ClusterNode): Promise<RunningPod> {
    return this.runPod(node, this.daemonPod(node));
  }

  runPod(node: ClusterNode, pod: Pod): Promise<RunningPod> {
    return node.kubelet.run(pod, this.#token);
  }

  /** As the rollout of a DaemonSet does: the pod is started, and waited for until it is ready and pods can be served. */
  async roll(node: ClusterNode): Promise<RunningPod> {
    const { machine, kubelet } = node;
    const running = await this.run(node);
    const [{ name, readinessProbe }] = running.pod.spec.containers;
    await until(systemClock, `${machine.name} to be ready`, () => kubelet.probe(readinessProbe!)).catch((error) => {
      throw new Error(`${error.message}: ${kubelet.logOf(running.pod, name)}`);
    });
    await machine.containerd.untilNetwork();
    return running;
  }

  /** Gives the pods another token; the API server refuses the former one from then on. */
  async replaceToken(token: string): Promise<void> {
    for (const node of this.nodes) node.kubelet.giveToken(this.daemonPod(node), token);
    await this.tell('token', token);
    this.#token = token;
  }

  /** The pod that the DaemonSet of the manifest makes on a node. */
  daemonPod(node: ClusterNode): Pod {
    const { metadata, spec } = daemonSetSchema.parse(parse(readFileSync('deploy/vrouter.yaml', 'utf8')));
    const name = `${metadata.name}-${node.machine.name}`;
    const { labels } = spec.template.metadata;
    return { name, namespace: metadata.namespace, uid: `uid-${name}`, labels, spec: spec.template.spec };
  }

  /** Resolves with what the API server answers. */
  async tell(...words: readonly string[]): Promise<unknown> {
    this.#server.stdin!.write(`${words.join(' ')}\n`);
    return JSON.parse((await this.#lines.next()).value);
  }

  get url(): string {
    return `https://${ADDRESSES[0]}:${this.#port}`;
  }

  /** The environment of who asks the API server as an administrator does. */
  get environment(): readonly string[] {
    const authority = join(this.directory, 'tls.crt');
    return [
      ...['env', 'DATASTORE_TYPE=kubernetes', `K8S_API_ENDPOINT=${this.url}`],
      ...[`K8S_CA_FILE=${authority}`, `K8S_API_TOKEN=${this.#token}`],
    ];
  }

  async #cable([one, two]: readonly Machine[]): Promise<void> {
    const ends = ['eth0', 'netns', one.namespace, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', two.namespace];
    await mustRun(['ip', 'link', 'add', ...ends]);
    for (const [at, { namespace }] of [one, two].entries()) {
      await mustRun(['ip', '-n', namespace, 'addr', 'add', `${ADDRESSES[at]}/24`, 'dev', 'eth0']);
      for (const dev of ['lo', 'eth0']) await mustRun(['ip', '-n', namespace, 'link', 'set', dev, 'up']);
    }
  }

  /** Resolves with its port. */
  async #startServer(machine: Machine): Promise<string> {
    const { directory } = this;
    const certificate = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
    const names = ['-subj', '/CN=kubernetes', '-addext', `subjectAltName=IP:${ADDRESSES[0]}`];
    const files = ['-keyout', join(directory, 'tls.key'), '-out', join(directory, 'tls.crt')];
    await mustRun(['openssl', 'req', ...certificate, ...names, ...files]);
    const script = join(import.meta.dirname, 'api-server.ts');
    const words = [process.execPath, script, ADDRESSES[0], directory, TOKEN, ...NAMES];
    const [command, ...args] = inNamespace(machine.namespace, words);
    this.#server = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.#server.stdout! })[Symbol.asyncIterator]();
    const { value } = await this.#lines.next();
    return value;
  }

  async #remove(): Promise<void> {
    if (this.#server !== undefined) {
      const ended = once(this.#server, 'exit');
      this.#server.kill('SIGKILL');
      await ended;
    }
    for (const machine of this.#machines) await machine.remove();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export { IMAGE };
