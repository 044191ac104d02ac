import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inNamespace, mustRun, type Output, run } from '../../src/lab/command.ts';
import type { Kit } from '../containerd/containerd.ts';

/** One node's podman: Debian's, in the node's network namespace, with images, containers and networks of its own. */
export class Podman {
  readonly #directory: string;
  readonly #namespace: string;

  private constructor(directory: string, namespace: string) {
    this.#directory = directory;
    this.#namespace = namespace;
  }

  /** Resolves when it has the kit's image. */
  static async start(
    { directory, bin, image }: Kit,
    node: string,
    namespace: string,
    conflist: object,
  ): Promise<Podman> {
    const podman = new Podman(join(directory, `podman-${node}`), namespace);
    mkdirSync(podman.#path('net.d'), { recursive: true });
    writeFileSync(podman.#path('net.d/10-test.conflist'), JSON.stringify(conflist));
    writeFileSync(podman.#path('containers.conf'), configuration(podman.#directory, bin));
    await podman.must(['load', '--quiet', '--input', image]);
    return podman;
  }

  run(args: readonly string[]): Promise<Output> {
    const { command, env } = this.#call(args);
    return run(command, { env });
  }

  async must(args: readonly string[]): Promise<string> {
    const { command, env } = this.#call(args);
    return (await mustRun(command, { env })).trim();
  }

  /** Ends every container and removes the mounts. */
  async remove(): Promise<void> {
    await this.run(['rm', '--all', '--force', '--time', '0']);
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .map((line) => line.split(' ')[4] ?? '')
      .filter((path) => path.startsWith(`${this.#directory}/`));
    for (const path of mounts.reverse()) await run(['umount', '--lazy', path]);
  }

  #call(args: readonly string[]): { command: readonly string[]; env: NodeJS.ProcessEnv } {
    const storage = ['--root', this.#path('root'), '--runroot', this.#path('run'), '--storage-driver', 'vfs'];
    return {
      command: inNamespace(this.#namespace, ['podman', ...storage, ...args]),
      env: { ...process.env, CONTAINERS_CONF: this.#path('containers.conf') },
    };
  }

  #path(name: string): string {
    return join(this.#directory, name);
  }
}

/** Debian's defaults, but what is not everywhere: systemd, its journal, and the right to raise limits. */
function configuration(directory: string, plugins: string): string {
  return `
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
log_driver = "none"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
runtime = "runc"
tmp_dir = "${directory}/tmp"
[network]
network_backend = "cni"
network_config_dir = "${directory}/net.d"
cni_plugin_dirs = ["${plugins}"]
`;
}
