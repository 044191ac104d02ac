import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { IMAGE } from '../../containerd/image.ts';
import { Machine } from '../../deploy/kubernetes/machine.ts';
import { makeCgroups, removeCgroups } from './cgroup.ts';
import { Component } from './component.ts';
import type { ControlPlane } from './control-plane.ts';

/** The resolver of pods: a Service of this address is for who makes it. */
export const CLUSTER_DNS = '10.96.0.10';
/** kubelet wants them so, and these are of the whole machine: its own view of them has them so. */
const TUNABLES = {
  'vm/overcommit_memory': '1',
  'vm/panic_on_oom': '0',
  'kernel/panic': '10',
  'kernel/panic_on_oops': '1',
  'kernel/keys/root_maxkeys': '1000000',
  'kernel/keys/root_maxbytes': '25000000',
};

/** crun refuses to work where there are control groups of both versions. */
const WITHOUT_UNIFIED = ['if [ -d /sys/fs/cgroup/unified ]; then umount /sys/fs/cgroup/unified; fi'];

/**
 * Empties what a kernel and a `/run` hold; the folder of containerd’s state is the first argument. A pod’s link may go with its
 * namespace before it is asked to.
 */
const FORGET = `set -e
grep -o " $1/[^ ]*" /proc/self/mountinfo | sort -r | while read -r place; do umount -l "$place"; done
for place in /run/netns/*; do if [ -e "$place" ]; then umount -l "$place"; rm "$place"; fi; done
rm -rf "$1" /run/*; mkdir /run/netns
for link in $(ip -o link | sed -n 's/^[0-9]*: \\(\\(cali\\|vxlan\\)[^@:]*\\).*/\\1/p'); do ip link delete "$link" || :; done
ip route flush proto 80; nft flush ruleset; conntrack -F`;

/** What is written by kubelet and containerd in a log's folder is the node's own too. */
const OWN = ['var/log'];

export interface NodeOptions {
  readonly name: string;
  readonly address: string;
  readonly directory: string;
  /** The folder of Kubernetes' programs. */
  readonly assets: string;
  readonly images: readonly string[];
  /** The program that runs containers: runc, or another one by its path. */
  readonly runtime?: string;
}

/** A node: a machine of its own view of files and network, with containerd, kubelet and kube-proxy. */
export class KubernetesNode {
  readonly name: string;
  readonly address: string;
  readonly machine: Machine;
  readonly kubelet: Component;
  readonly proxy: Component;
  readonly #cgroups: string;

  private constructor(options: NodeOptions, machine: Machine, cgroups: string, control: ControlPlane) {
    const { name, address, directory, assets } = options;
    this.name = name;
    this.address = address;
    this.machine = machine;
    this.#cgroups = cgroups;
    const config = join(directory, 'kubelet.json');
    writeFileSync(config, JSON.stringify(configuration(cgroups)));
    this.kubelet = new Component(
      'kubelet',
      directory,
      machine.inside([
        join(assets, 'kubelet'),
        `--config=${config}`,
        `--kubeconfig=${control.credentials.kubeconfig(`system:node:${name}`)}`,
        ...['--container-runtime=remote', `--container-runtime-endpoint=unix://${directory}/containerd/sock`],
        ...[`--hostname-override=${name}`, `--node-ip=${address}`, `--pod-infra-container-image=${IMAGE}`],
      ]),
    );
    this.proxy = new Component(
      'kube-proxy',
      directory,
      machine.inside([
        join(assets, 'kube-proxy'),
        `--kubeconfig=${control.credentials.kubeconfig('system:kube-proxy')}`,
        ...[`--hostname-override=${name}`, '--proxy-mode=iptables', '--cluster-cidr=10.244.0.0/16'],
        // These are of the whole machine.
        ...['--conntrack-max-per-core=0', '--conntrack-min=0'],
      ]),
    );
  }

  static async start(control: ControlPlane, options: NodeOptions): Promise<KubernetesNode> {
    const { name, address, directory, images, runtime } = options;
    mkdirSync(directory, { recursive: true });
    const script = [...tunables(directory), ...(runtime === undefined ? [] : WITHOUT_UNIFIED)];
    const machine = await Machine.start(name, directory, images, { own: OWN, script, runtime });
    const cgroups = `/vrt-${process.pid}-${name}`;
    makeCgroups(cgroups);
    const node = new KubernetesNode(options, machine, cgroups, control);
    await control.plug(name, machine.namespace, address);
    await machine.run(['mkdir', '-p', '/opt/cni/bin']);
    for (const plugin of ['loopback', 'portmap']) await machine.run(['cp', `/usr/lib/cni/${plugin}`, '/opt/cni/bin/']);
    await machine.containerd.startWithoutNetwork();
    node.kubelet.start();
    node.proxy.start();
    return node;
  }

  /** As a machine whose power fails, and comes back: nothing runs, what is not on disk is gone, only its address is there. */
  async reboot(): Promise<void> {
    await this.#stop();
    await this.machine.containerd.endAll();
    await removeCgroups(this.#cgroups);
    await this.machine.run(['sh', '-c', FORGET, 'sh', this.machine.path('containerd/state')]);
    makeCgroups(this.#cgroups);
    await this.machine.containerd.startWithoutNetwork();
    this.kubelet.start();
    this.proxy.start();
  }

  async remove(): Promise<void> {
    await this.#stop();
    await this.machine.remove();
    await removeCgroups(this.#cgroups);
  }

  async #stop(): Promise<void> {
    await this.kubelet.end('SIGKILL');
    await this.proxy.end('SIGKILL');
  }
}

/** Files in the places of the settings, as mounts that only this node has. */
function tunables(directory: string): readonly string[] {
  return Object.entries(TUNABLES).map(([setting, value]) => {
    const file = join(directory, setting.replaceAll('/', '-'));
    writeFileSync(file, `${value}\n`);
    return `mount --bind ${file} /proc/sys/${setting}`;
  });
}

function configuration(cgroupRoot: string): object {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
    authorization: { mode: 'AlwaysAllow' },
    cgroupDriver: 'cgroupfs',
    cgroupRoot,
    failSwapOn: false,
    clusterDNS: [CLUSTER_DNS],
    clusterDomain: 'cluster.local',
    // The machine's disk and memory are not the node's.
    evictionHard: { 'memory.available': '1Mi', 'nodefs.available': '1Mi', 'imagefs.available': '1Mi' },
    imageGCHighThresholdPercent: 100,
    imageGCLowThresholdPercent: 99,
    featureGates: { BoundServiceAccountTokenVolume: true },
    volumePluginDir: '/var/lib/kubelet/plugins-exec',
  };
}
