import { join } from 'node:path';
import { systemClock } from '../../../src/base/index.ts';
import { inNamespace, mustRun, type Output, run } from '../../../src/lab/command.ts';
import { until } from '../../../src/lab/until.ts';
import { makeNamespace } from '../../fakes/namespaces.ts';
import { Component } from './component.ts';
import { Credentials } from './credentials.ts';

/** Where the API server listens, and the way to everything that is not a node. */
export const CONTROL = '192.0.2.100';
const URL = `https://${CONTROL}:6443`;
/** The address of a host outside of the cluster. */
export const OUTSIDE = '203.0.113.1';
/** The Service of the API server has the first address. */
const SERVICES = '10.96.0.0/16';
const API_SERVICE = '10.96.0.1';

/**
 * etcd, kube-apiserver, kube-controller-manager and kube-scheduler in a network namespace of their own, in which is also the
 * switch that nodes are plugged into. It routes to `OUTSIDE`, but to no pod.
 */
export class ControlPlane {
  readonly server: Component;
  readonly #namespace: ReturnType<typeof makeNamespace>;
  readonly credentials: Credentials;
  readonly #others: readonly Component[];
  readonly #kubeconfig: string;

  private constructor(
    namespace: ReturnType<typeof makeNamespace>,
    credentials: Credentials,
    server: Component,
    others: readonly Component[],
  ) {
    this.#namespace = namespace;
    this.credentials = credentials;
    this.server = server;
    this.#others = others;
    this.#kubeconfig = credentials.kubeconfig('admin');
  }

  /** `assets`: the folder of Kubernetes' programs. `directory`: its own. */
  static async start(assets: string, directory: string, nodes: readonly string[]): Promise<ControlPlane> {
    const namespace = makeNamespace();
    await network(namespace.name);
    const credentials = await Credentials.make(directory, URL, [CONTROL, API_SERVICE], nodes);
    const component = (name: string, ...options: readonly string[]): Component =>
      new Component(name, directory, inNamespace(namespace.name, [join(assets, name), ...options]));
    const etcd = [
      '--data-dir',
      join(directory, 'etcd'),
      '--unsafe-no-fsync',
      '--listen-peer-urls=http://127.0.0.1:2380',
    ];
    const others = [
      new Component('etcd', directory, inNamespace(namespace.name, ['etcd', ...etcd])),
      component(
        'kube-controller-manager',
        `--kubeconfig=${credentials.kubeconfig('system:kube-controller-manager')}`,
        ...[`--root-ca-file=${credentials.certificate}`, `--service-account-private-key-file=${credentials.key}`],
        ...['--use-service-account-credentials', '--leader-elect=false', '--port=0', '--secure-port=0'],
        ...['--node-monitor-grace-period=20s', '--feature-gates=BoundServiceAccountTokenVolume=true'],
      ),
      component(
        'kube-scheduler',
        `--kubeconfig=${credentials.kubeconfig('system:kube-scheduler')}`,
        ...['--leader-elect=false', '--port=0', '--secure-port=0'],
      ),
    ];
    const server = component(
      'kube-apiserver',
      ...['--etcd-servers=http://127.0.0.1:2379', '--secure-port=6443', `--bind-address=${CONTROL}`],
      ...[`--tls-cert-file=${credentials.certificate}`, `--tls-private-key-file=${credentials.key}`],
      ...[`--token-auth-file=${credentials.tokens}`, '--authorization-mode=Node,RBAC', '--allow-privileged'],
      ...['--enable-admission-plugins=NodeRestriction', `--service-cluster-ip-range=${SERVICES}`],
      ...['--service-account-issuer=https://kubernetes.default.svc', '--service-account-lookup'],
      ...[`--service-account-key-file=${credentials.key}`, `--service-account-signing-key-file=${credentials.key}`],
      // The names of nodes are in no DNS.
      '--kubelet-preferred-address-types=InternalIP',
      ...[`--cert-dir=${directory}`, '--feature-gates=BoundServiceAccountTokenVolume=true'],
    );
    const plane = new ControlPlane(namespace, credentials, server, others);
    const [first, ...rest] = others;
    first.start();
    server.start();
    await plane.untilServed();
    for (const one of rest) one.start();
    return plane;
  }

  get namespace(): string {
    return this.#namespace.name;
  }

  async untilServed(): Promise<void> {
    await until(
      systemClock,
      'the API server to be ready',
      async () => {
        for (const one of [this.server, ...this.#others]) one.check();
        return (await this.tryKubectl(['get', '--raw', '/readyz'])).code === 0;
      },
      { timeout: 120_000 },
    );
  }

  tryKubectl(words: readonly string[], input?: string): Promise<Output> {
    return run(
      this.inside(['kubectl', '--kubeconfig', this.#kubeconfig, ...words]),
      input === undefined ? {} : { input },
    );
  }

  kubectl(words: readonly string[], input?: string): Promise<string> {
    return mustRun(
      this.inside(['kubectl', '--kubeconfig', this.#kubeconfig, ...words]),
      input === undefined ? {} : { input },
    );
  }

  /** The environment of who asks the API server as an administrator does. */
  get environment(): readonly string[] {
    return ['env', 'DATASTORE_TYPE=kubernetes', `KUBECONFIG=${this.#kubeconfig}`];
  }

  inside(command: readonly string[]): readonly string[] {
    return inNamespace(this.#namespace.name, command);
  }

  /** Plugs the namespace of a node into the switch: its link is eth0, its address this one. */
  async plug(node: string, namespace: string, address: string): Promise<void> {
    const own = ['eth0', 'netns', namespace, 'type', 'veth', 'peer', 'name', node, 'netns', this.namespace];
    await mustRun(['ip', 'link', 'add', ...own]);
    await mustRun(['ip', '-n', this.namespace, 'link', 'set', node, 'master', 'switch', 'up']);
    await mustRun(['ip', '-n', namespace, 'addr', 'add', `${address}/24`, 'dev', 'eth0']);
    for (const dev of ['lo', 'eth0']) await mustRun(['ip', '-n', namespace, 'link', 'set', dev, 'up']);
    await mustRun(['ip', '-n', namespace, 'route', 'add', 'default', 'via', CONTROL]);
  }

  async remove(): Promise<void> {
    for (const one of [...this.#others.slice(1), this.server, this.#others[0]]) await one.end('SIGKILL');
    this.#namespace.remove();
  }
}

async function network(namespace: string): Promise<void> {
  const ip = (...words: readonly string[]): Promise<string> => mustRun(['ip', '-n', namespace, ...words]);
  await ip('link', 'set', 'lo', 'up');
  await ip('addr', 'add', `${OUTSIDE}/32`, 'dev', 'lo');
  await ip('link', 'add', 'switch', 'type', 'bridge');
  await ip('addr', 'add', `${CONTROL}/24`, 'dev', 'switch');
  await ip('link', 'set', 'switch', 'up');
}
