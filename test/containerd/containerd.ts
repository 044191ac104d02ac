import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { pluginBuild } from '../../deploy/plugin/node.ts';
import { buildProgram } from '../../deploy/plugin/program.ts';
import { systemClock } from '../../src/base/index.ts';
import { installCni } from '../../src/cni/index.ts';
import { inNamespace, mustRun, type Output, run } from '../../src/lab/command.ts';
import { until } from '../../src/lab/until.ts';
import { Cri } from './cri.ts';
import { IMAGE, writeImage } from './image.ts';

/** Plugins of Debian's containernetworking-plugins. */
const PLUGINS = '/usr/lib/cni';

/** A program for Node: prints what an address of the web answers. Busybox's wget can't: it is linked statically. */
export const FETCH = 'http.get(process.argv[1], { timeout: 2000 }, (answer) => answer.pipe(process.stdout))';

/** What all containerds of one test share: the plugins, and the image. */
export interface Kit {
  readonly directory: string;
  readonly bin: string;
  readonly image: string;
  remove(): void;
}

/**
 * `name` is part of a path that must stay short enough for unix sockets. The plugin is a program of its own where it can be
 * built, unless it is to be `onNode`.
 */
export async function makeKit(name: string, { onNode = false } = {}): Promise<Kit> {
  const directory = mkdtempSync(`/tmp/vrt-${name}-`);
  const bin = join(directory, 'bin');
  const image = join(directory, 'image.tar');
  mkdirSync(bin);
  for (const plugin of ['loopback', 'portmap', 'bandwidth', 'tuning', 'ptp', 'bridge', 'host-local']) {
    symlinkSync(join(PLUGINS, plugin), join(bin, plugin));
  }
  const [program, bundle] = ['calico', 'calico.cjs'].map((file) => join(directory, file));
  await build(pluginBuild(bundle));
  if (!onNode) await buildProgram(program);
  await installCni([], {
    env: { CNI_BIN_DIR: bin, CNI_HOST_BIN_DIR: bin, CNI_NET_DIR: join(directory, 'net.d') },
    stdout: process.stderr,
    stderr: process.stderr,
    program,
    bundle,
  });
  writeImage(image);
  return { directory, bin, image, remove: () => rmSync(directory, { recursive: true, force: true }) };
}

/** Where a containerd runs. */
export interface ContainerdPlace {
  /** Its own folder, with a path short enough for unix sockets. */
  readonly directory: string;
  /** The command as it is run there. */
  readonly enter: (command: readonly string[]) => readonly string[];
  /** Archives of what its containers run. */
  readonly images: readonly string[];
  /** Where it finds plugins and networks, if not at its defaults. */
  readonly cni?: { readonly bin: string; readonly conf: string };
  /** The program that runs containers, if not runc. */
  readonly runtime?: string | undefined;
}

/** A containerd: Debian's, with folders and socket of its own. */
export class Containerd {
  readonly #place: ContainerdPlace;
  #process: ChildProcess | undefined;
  #cri: Cri | undefined;

  constructor(place: ContainerdPlace) {
    this.#place = place;
    mkdirSync(place.directory, { recursive: true });
    writeFileSync(this.#path('config.toml'), configuration(place));
  }

  /** One of several on this machine, in a node's network namespace. */
  static ofNode(kit: Kit, node: string, namespace: string, conflist: object): Containerd {
    const directory = join(kit.directory, node);
    const conf = join(directory, 'etc/cni/net.d');
    mkdirSync(conf, { recursive: true });
    mkdirSync(join(directory, 'opt/cni'), { recursive: true });
    symlinkSync(kit.bin, join(directory, 'opt/cni/bin'));
    const enter = (command: readonly string[]): readonly string[] => inNamespace(namespace, command);
    const containerd = new Containerd({ directory, enter, images: [kit.image], cni: { bin: kit.bin, conf } });
    containerd.configure(conflist);
    return containerd;
  }

  get cri(): Cri {
    if (this.#cri === undefined) throw new Error('this containerd is not running');
    return this.#cri;
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  configure(conflist: object): void {
    writeFileSync(this.#path('etc/cni/net.d/10-test.conflist'), JSON.stringify(conflist));
  }

  /** Resolves when the runtime has the images and its network. */
  async start(): Promise<void> {
    await this.startWithoutNetwork();
    await this.untilNetwork();
  }

  /** Resolves when the runtime has the images. */
  async startWithoutNetwork(): Promise<void> {
    const log = openSync(this.#path('log'), 'a');
    const [command, ...args] = this.#place.enter(['containerd', '--config', this.#path('config.toml')]);
    this.#process = spawn(command, args, { stdio: ['ignore', log, log] });
    const cri = new Cri(this.#path('sock'));
    this.#cri = cri;
    await until(systemClock, 'containerd to answer', async () => (await cri.sandboxes()) !== undefined).catch(
      (error) => {
        throw new Error(`containerd does not answer; its last words: ${this.log().slice(-2000)}`, { cause: error });
      },
    );
    for (const image of this.#place.images) {
      await mustRun(['ctr', '-a', this.#path('sock'), '-n', 'k8s.io', 'images', 'import', image]);
    }
    await until(systemClock, 'the image to be known', () => cri.hasImage(IMAGE));
  }

  async untilNetwork(): Promise<void> {
    await until(systemClock, "containerd's network to be ready", async () => {
      const problem = await this.cri.networkProblem();
      if (problem !== undefined) throw new Error(problem);
      return true;
    });
  }

  /** Ends the daemon; containers go on. */
  async end(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    this.#cri?.close();
    this.#cri = undefined;
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill(signal);
    await exit;
  }

  /** Runs ctr(8), which reads /etc/cni/net.d and /opt/cni/bin: it gets a view of the files with ours in these places. */
  async ctr(args: readonly string[]): Promise<Output> {
    const overlay = (folder: string): string =>
      `mount -t overlay overlay -o lowerdir=${this.#path(folder)}:/${folder} /${folder}`;
    const script = `${overlay('etc')} && ${overlay('opt')} && exec ctr -a ${this.#path('sock')} -n k8s.io "$@"`;
    return run(this.#place.enter(['unshare', '--mount', 'sh', '-c', script, 'sh', ...args]));
  }

  /** Ends the daemon and everything that it has started. */
  async endAll(): Promise<void> {
    await this.end();
    for (const pid of await processesOf(this.#place.directory)) process.kill(pid, 'SIGKILL');
  }

  /** Ends everything that this containerd has started, and removes its mounts. */
  async remove(): Promise<void> {
    await this.endAll();
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .map((line) => line.split(' ')[4] ?? '')
      .filter((path) => path.startsWith(`${this.#place.directory}/`));
    for (const path of mounts.reverse()) await run(['umount', '--lazy', path]);
  }

  log(): string {
    return readFileSync(this.#path('log'), 'utf8');
  }

  /** The network namespaces that containerd has made for sandboxes, by path. */
  namespaces(): string[] {
    return globSync(this.#path('state/**/netns/cni-*')).sort();
  }

  #path(name: string): string {
    return join(this.#place.directory, name);
  }
}

export { IMAGE };

/** Shims name their containerd's socket in their arguments, and containers are their children. */
async function processesOf(directory: string): Promise<number[]> {
  const { stdout } = await run(['ps', '-eo', 'pid=,ppid=,args=']);
  const lines = stdout.split('\n').map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line));
  const all = lines.flatMap((match) =>
    match ? [{ pid: Number(match[1]), parent: Number(match[2]), args: match[3] }] : [],
  );
  const found = new Set(
    all.filter(({ args }) => args.includes(`${directory}/sock`) && args.startsWith('/')).map(({ pid }) => pid),
  );
  for (const { pid, parent } of all) if (found.has(parent)) found.add(pid);
  return [...found];
}

function configuration({ directory, cni, runtime = 'runc' }: ContainerdPlace): string {
  const network = cni
    ? `netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${cni.bin}"
    conf_dir = "${cni.conf}"`
    : '';
  return `version = 2
root = "${directory}/root"
state = "${directory}/state"
oom_score = 0
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.aufs", "io.containerd.internal.v1.opt"]

[grpc]
  address = "${directory}/sock"

[ttrpc]
  address = "${directory}/ttrpc"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${IMAGE}"
  restrict_oom_score_adj = true
  disable_apparmor = true
  stream_server_port = "0"
  ${network}
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
      BinaryName = "${runtime}"
`;
}
