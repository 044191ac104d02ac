import { existsSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../../src/base/index.ts';
import { run } from '../../../src/lab/command.ts';
import { until } from '../../../src/lab/until.ts';
import type { Machine } from './machine.ts';
import type { Container, Pod, Probe } from './pod.ts';
import { containerConfig, type NodeFacts, sandboxConfig } from './pod-to-cri.ts';

/** A program for Node: ends well when an address of the web answers with 200 to 399, as a probe of kubelet does. */
const PROBE =
  'http.get(process.argv[1], { timeout: 1000 }, (answer) => process.exit(answer.statusCode < 400 ? 0 : 1)).on("error", () => process.exit(2))';

/** What runs of a pod. */
export interface RunningPod {
  readonly pod: Pod;
  readonly sandbox: string;
  /** By name. */
  readonly containers: ReadonlyMap<string, string>;
}

/** As much of kubelet as a DaemonSet's pod needs: volumes, token, init containers one after another, containers, probes. */
export class Kubelet {
  readonly #machine: Machine;
  readonly #facts: Omit<NodeFacts, 'serviceAccount' | 'nodeName'>;
  readonly #authority: string;

  constructor(machine: Machine, facts: Omit<NodeFacts, 'serviceAccount' | 'nodeName'>, authority: string) {
    this.#machine = machine;
    this.#facts = facts;
    this.#authority = authority;
  }

  /** Resolves when the pod's containers have been started; an init container that fails rejects, with its words. */
  async run(pod: Pod, token: string): Promise<RunningPod> {
    const { cri } = this.#machine.containerd;
    await this.#makeVolumes(pod);
    this.giveToken(pod, token);
    const logs = this.#machine.path(`logs-${pod.uid}`);
    mkdirSync(logs, { recursive: true });
    const config = sandboxConfig(pod, logs);
    const sandbox = await cri.runSandboxOf(config);
    const start = (container: Container): Promise<string> =>
      cri.startContainerOf(sandbox, containerConfig(pod, container, this.#factsFor(pod)), config);
    for (const container of pod.spec.initContainers) {
      const id = await start(container);
      const code = await until(systemClock, `${container.name} to end`, async () => ended(await cri.exitCodeOf(id)));
      if (code !== '0') throw new Error(`${container.name}: exit code ${code}: ${this.logOf(pod, container.name)}`);
    }
    const containers = new Map<string, string>();
    for (const container of pod.spec.containers) containers.set(container.name, await start(container));
    return { pod, sandbox, containers };
  }

  /** Ends the containers as a deletion of the pod does, then the sandbox. */
  async end({ pod, sandbox, containers }: RunningPod): Promise<void> {
    const { cri } = this.#machine.containerd;
    for (const id of containers.values()) await cri.stopContainer(id, pod.spec.terminationGracePeriodSeconds);
    await cri.stopSandbox(sandbox);
    await cri.removeSandbox(sandbox);
  }

  /** Whether the probe succeeds: kubelet asks from the node's own network. */
  async probe({ httpGet: { host, port, path } }: Probe): Promise<boolean> {
    const url = `http://${host}:${port}${path}`;
    return (await run(this.#machine.inside([process.execPath, '-e', PROBE, url]))).code === 0;
  }

  /** Puts a token where the pod finds it, or a new one in its place, as kubelet does: by one rename of a link. */
  giveToken(pod: Pod, token: string): void {
    const folder = this.#factsFor(pod).serviceAccount;
    const version = `..${systemClock.now()}-${token}`;
    mkdirSync(join(folder, version), { recursive: true });
    const files = { token, 'ca.crt': this.#authority, namespace: pod.namespace };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, version, name), text);
    const first = !existsSync(join(folder, 'token'));
    symlinkSync(version, join(folder, '..data_tmp'));
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
    if (first) for (const name of Object.keys(files)) symlinkSync(`..data/${name}`, join(folder, name));
  }

  /** What a container has written to its stdout and stderr. */
  logOf({ uid }: Pick<Pod, 'uid'>, container: string): string {
    try {
      return readFileSync(this.#machine.path(`logs-${uid}/${container}.log`), 'utf8');
    } catch {
      return '';
    }
  }

  #factsFor(pod: Pod): NodeFacts {
    return {
      ...this.#facts,
      nodeName: this.#machine.name,
      serviceAccount: this.#machine.path(`service-account-${pod.uid}`),
    };
  }

  async #makeVolumes({ spec }: Pod): Promise<void> {
    for (const { hostPath } of spec.volumes) {
      if (hostPath.type === 'DirectoryOrCreate') await this.#machine.run(['mkdir', '-p', hostPath.path]);
      if (hostPath.type === 'Directory') await this.#machine.run(['test', '-d', hostPath.path]);
    }
  }
}

/** As text, for zero is a code too. */
function ended(code: number | undefined): string | undefined {
  return code === undefined ? undefined : String(code);
}
