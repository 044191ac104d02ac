import {
  chmodSync,
  copyFileSync,
  existsSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { makeFolder } from '../base/folder.ts';
import { kubeconfig, SERVICE_ACCOUNT } from './kubeconfig.ts';

type Env = Readonly<Record<string, string | undefined>>;

export interface InstallIo {
  readonly env: Env;
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  /**
   * The plugin as a program of its own, or its bundle and the Node to run it with; by default those of this
   * installation.
   */
  readonly program?: string;
  readonly bundle?: string;
  readonly node?: string;
  /** Folder of the pod's service account. */
  readonly serviceAccount?: string;
  /** Ends what `SLEEP` lets go on. */
  readonly signal?: AbortSignal;
}

const HELP = `Usage: vrouter install-cni

Installs the CNI plugin on this machine: the command 'calico' into /host/opt/cni/bin (and its Node, where it was built
without a C compiler), and the network configuration into /host/etc/cni/net.d. Settings have the names that they have in Calico:

  CNI_BIN_DIR, CNI_NET_DIR       folders, as this process sees them: /host/opt/cni/bin, /host/etc/cni/net.d
  CNI_HOST_BIN_DIR               the first as the runtime sees it: /opt/cni/bin
  CNI_CONF_NAME                  10-calico.conflist
  CNI_OLD_CONF_NAME              a configuration to remove
  CNI_NETWORK_CONFIG             the configuration itself, or CNI_NETWORK_CONFIG_FILE, a file that holds it
  CNI_MTU, KUBERNETES_NODE_NAME, DATASTORE_TYPE, LOG_LEVEL, LOG_FILE_PATH, ETCD_ENDPOINTS, KUBECONFIG_FILEPATH
                                 what its placeholders (__CNI_MTU__ …) stand for
  SKIP_CNI_BINARIES              'true': only the configuration
  UPDATE_CNI_BINARIES            'false': leave a plugin that is there alone
  SLEEP                          'true': stay, and write the kubeconfig again whenever the service account's token is new

In a pod of Kubernetes it also writes a kubeconfig with the pod's own token beside the configuration, under the last
part of KUBECONFIG_FILEPATH: KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT, KUBE_CA_FILE, SKIP_TLS_VERIFY.
`;

/** Calico's manifest has the same, without a version of ours. */
const NETWORK = JSON.stringify({
  name: 'k8s-pod-network',
  cniVersion: '1.0.0',
  plugins: [
    { type: 'calico', nodename: '__KUBERNETES_NODE_NAME__', ipam: { type: 'calico-ipam' }, policy: { type: 'k8s' } },
    { type: 'portmap', snat: true, capabilities: { portMappings: true } },
  ],
});

const DEFAULTS: Env = {
  CNI_MTU: '0',
  DATASTORE_TYPE: 'kubernetes',
  LOG_LEVEL: 'info',
  LOG_FILE_PATH: '/var/log/calico/cni/cni.log',
  ETCD_ENDPOINTS: '',
  KUBERNETES_NODE_NAME: '',
  KUBECONFIG_FILEPATH: '/etc/cni/net.d/calico-kubeconfig',
};

/** `vrouter install-cni`: the exit code. Every file appears whole, so a runtime may start pods meanwhile. */
export async function installCni(args: readonly string[], io: InstallIo): Promise<number> {
  if (args.length > 0) {
    const asked = ['--help', '-h'].includes(args[0]);
    (asked ? io.stdout : io.stderr).write(HELP);
    return asked ? 0 : 2;
  }
  try {
    if (io.env['SKIP_CNI_BINARIES'] !== 'true') installPlugin(io);
    // Before the configuration: once that is there, pods are started.
    installKubeconfig(io);
    installConfiguration(io);
    if (io.env['SLEEP'] === 'true') await keepKubeconfig(io);
    return 0;
  } catch (error) {
    io.stderr.write(`vrouter install-cni: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

function installPlugin(io: InstallIo): void {
  const { env, stdout, program = besideProgram('calico'), bundle = besideProgram('calico.cjs') } = io;
  const folder = env['CNI_BIN_DIR'] || '/host/opt/cni/bin';
  if (env['UPDATE_CNI_BINARIES'] === 'false' && existsSync(join(folder, 'calico'))) return;
  makeFolder(folder);
  if (existsSync(program)) {
    copyWhole(program, join(folder, 'calico'), 0o755);
    // A former version ran on it.
    rmSync(join(folder, NODE), { force: true });
  } else if (existsSync(bundle)) {
    installOnNode(io, folder, bundle);
  } else {
    throw new Error(`${bundle} is missing: build first, npm run setup`);
  }
  stdout.write(`installed ${join(folder, 'calico')}\n`);
}

/** Under a name of its own: a runtime takes a file there for a plugin only when a configuration names it. */
const NODE = 'vrouter-node';

/** Where no C compiler was there to make a program of it. */
function installOnNode({ env, node = process.execPath }: InstallIo, folder: string, bundle: string): void {
  const onHost = env['CNI_HOST_BIN_DIR'] || '/opt/cni/bin';
  copyWhole(realpathSync(node), join(folder, NODE), 0o755);
  // The kernel starts our Node by itself: a shell between would cost time at each pod, and some hosts have none.
  writeWhole(join(folder, 'calico'), `#!${onHost}/${NODE}\n${readFileSync(bundle, 'utf8')}`, 0o755);
}

function installConfiguration({ env, stdout }: InstallIo): void {
  const folder = env['CNI_NET_DIR'] || '/host/etc/cni/net.d';
  const name = env['CNI_CONF_NAME'] || '10-calico.conflist';
  const file = env['CNI_NETWORK_CONFIG_FILE'];
  const template = env['CNI_NETWORK_CONFIG'] || (file ? readFileSync(file, 'utf8') : NETWORK);
  const text = fill(template, env);
  try {
    JSON.parse(text);
  } catch (error) {
    throw new Error(`the network configuration is not JSON once its placeholders are filled in: ${String(error)}`);
  }
  makeFolder(folder);
  writeWhole(join(folder, name), text, 0o600);
  stdout.write(`installed ${join(folder, name)}\n`);
  const old = env['CNI_OLD_CONF_NAME'];
  if (old && old !== name) rmSync(join(folder, old), { force: true });
}

function installKubeconfig({ env, stdout, serviceAccount = SERVICE_ACCOUNT }: InstallIo): void {
  const text = kubeconfig(env, serviceAccount);
  if (text === undefined) return;
  const path = kubeconfigPath(env);
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return;
  makeFolder(dirname(path));
  writeWhole(path, text, 0o600);
  stdout.write(`installed ${path}\n`);
}

/** Kubernetes replaces the token in its folder long before it expires. Resolves when `signal` ends it. */
function keepKubeconfig(io: InstallIo, persistent = true): Promise<void> {
  return new Promise((resolve) => {
    const { serviceAccount = SERVICE_ACCOUNT, signal } = io;
    const write = (): void => {
      try {
        installKubeconfig(io);
      } catch (error) {
        // In the middle of being replaced: the next event brings it.
        io.stderr.write(`vrouter install-cni: ${error instanceof Error ? error.message : String(error)}\n`);
      }
    };
    watch(serviceAccount, { persistent, ...(signal && { signal }) }, write).on('close', resolve);
    write();
  });
}

/**
 * Keeps the kubeconfig's token fresh. That of an init container ends within the hour: so the daemon
 * goes on writing the kubeconfig, where the folder is mounted and has one. It keeps no process alive.
 */
export function followToken(io: InstallIo): void {
  const { serviceAccount = SERVICE_ACCOUNT } = io;
  if (existsSync(kubeconfigPath(io.env)) && existsSync(serviceAccount)) void keepKubeconfig(io, false);
}

function kubeconfigPath(env: Env): string {
  const folder = env['CNI_NET_DIR'] || '/host/etc/cni/net.d';
  return join(folder, basename(env['KUBECONFIG_FILEPATH'] || (DEFAULTS['KUBECONFIG_FILEPATH'] ?? '')));
}

/** `__NAME__` stands for a setting; one that nobody knows is refused, for a runtime would take it as it is. */
function fill(template: string, env: Env): string {
  return template.replace(/__([A-Z][A-Z0-9_]*?)__/g, (_, name: string) => {
    const value = env[name] || DEFAULTS[name];
    if (value === undefined)
      throw new Error(`placeholder __${name}__ of the network configuration: ${name} is not set`);
    return JSON.stringify(value).slice(1, -1);
  });
}

function besideProgram(name: string): string {
  return join(dirname(realpathSync(process.argv[1])), name);
}

/** A running plugin keeps the file that it has open; the next one finds the new file, whole. */
function copyWhole(from: string, to: string, mode: number): void {
  if (existsSync(to) && readFileSync(from).equals(readFileSync(to))) return;
  copyFileSync(from, `${to}.tmp`);
  chmodSync(`${to}.tmp`, mode);
  renameSync(`${to}.tmp`, to);
}

function writeWhole(to: string, text: string, mode: number): void {
  rmSync(`${to}.tmp`, { force: true });
  writeFileSync(`${to}.tmp`, text, { mode });
  chmodSync(`${to}.tmp`, mode);
  renameSync(`${to}.tmp`, to);
}
