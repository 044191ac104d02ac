import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { systemClock } from '../../../src/base/index.ts';
import { until } from '../../../src/lab/until.ts';
import { writeImage } from '../../containerd/image.ts';
import { buildImage } from '../../deploy/kubernetes/image.ts';
import { ControlPlane } from './control-plane.ts';
import { KubernetesNode } from './node.ts';

export interface ClusterOptions {
  readonly nodes?: number;
  readonly runtime?: string;
}

/** A whole Kubernetes on this machine, of Kubernetes' own programs; each node's network and files are its own. */
export class RealCluster {
  readonly directory = mkdtempSync('/tmp/vrt-k8s-');
  readonly nodes: KubernetesNode[] = [];
  control!: ControlPlane;

  /** `assets`: the folder of Kubernetes' programs. Removed with the test. */
  static async start(t: Test, assets: string, { nodes = 3, runtime }: ClusterOptions = {}): Promise<RealCluster> {
    const cluster = new RealCluster();
    t.teardown(() => cluster.#remove());
    const { directory } = cluster;
    const busybox = join(directory, 'busybox.tar');
    writeImage(busybox);
    const images = [busybox, process.env['VROUTER_IMAGE'] ?? (await buildImage(directory))];
    const names = Array.from({ length: nodes }, (_, at) => `node${at + 1}`);
    cluster.control = await ControlPlane.start(assets, directory, names);
    for (const [at, name] of names.entries()) {
      const place = { name, address: `192.0.2.${at + 1}`, directory: join(directory, name), assets, images };
      cluster.nodes.push(await KubernetesNode.start(cluster.control, { ...place, ...(runtime && { runtime }) }));
    }
    await until(systemClock, 'the nodes to register', async () => {
      for (const { kubelet, proxy } of cluster.nodes) for (const one of [kubelet, proxy]) one.check();
      return (await cluster.kubectl('get', 'nodes', '-o', 'name')).split('\n').filter(Boolean).length === nodes;
    });
    return cluster;
  }

  /** Installs vRouter as deploy/README.md says, and resolves when its DaemonSet is ready on every node. */
  async install(): Promise<void> {
    // Before 1.23 the server does not know of rules in a definition, and kubectl refuses what the server does not know.
    await this.kubectl(
      'apply',
      '--validate=false',
      ...['deploy/crds', 'deploy/rbac.yaml', 'deploy/vrouter.yaml'].flatMap((path) => ['-f', path]),
    );
    await this.rolledOut('daemonset/vrouter', 'kube-system');
    await this.kubectl('wait', '--for=condition=Ready', 'nodes', '--all', '--timeout=600s');
  }

  /** Resolves when the controller says that all of its pods are the newest, and ready. */
  async rolledOut(workload: string, namespace = 'default'): Promise<void> {
    await this.kubectl('rollout', 'status', '-n', namespace, workload, '--timeout=900s');
  }

  kubectl(...words: readonly string[]): Promise<string> {
    return this.control.kubectl(words);
  }

  /** Applies objects as `kubectl apply -f -` takes them. */
  apply(...items: readonly object[]): Promise<string> {
    return this.control.kubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  }

  async #remove(): Promise<void> {
    for (const node of this.nodes) await node.remove();
    if (this.control !== undefined) await this.control.remove();
    if (!process.env['KEEP']) rmSync(this.directory, { recursive: true, force: true });
  }
}
