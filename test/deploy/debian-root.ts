import { copyFileSync, globSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { inNamespace, mustRun, type Output, run } from '../../src/lab/command.ts';
import { makeNamespace } from '../fakes/namespaces.ts';
import { dpkgStatus, rootOfPackages } from './debian-packages.ts';

const INFO = 'var/lib/dpkg/info';
const PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * A small Debian of this machine's own packages, with dpkg's record of them, in a network namespace of its own. No systemd
 * runs in it: what it would be asked is written down.
 */
export class DebianRoot {
  readonly directory: string;
  readonly #namespace = makeNamespace();

  private constructor(directory: string) {
    this.directory = directory;
  }

  /** Debian's essential packages are in it, systemd's programs, and `packages`. */
  static async make(directory: string, packages: readonly string[]): Promise<DebianRoot> {
    const status = dpkgStatus();
    const essential = [...status].filter(([, entry]) => /^Essential: yes$/m.test(entry)).map(([name]) => name);
    const all = await rootOfPackages(
      directory,
      [...essential, 'systemd', ...packages],
      (path) => path.startsWith('/') && path !== '/.' && !/^\/usr\/share\/(doc|locale|man|info)\/./.test(path),
    );
    const info = join(directory, INFO);
    for (const folder of [info, join(directory, 'var/lib/dpkg/updates'), join(directory, 'run/systemd/system')]) {
      mkdirSync(folder, { recursive: true });
    }
    for (const name of all) {
      for (const file of globSync(`/${INFO}/${name}{,:*}.*`)) copyFileSync(file, join(info, basename(file)));
    }
    writeFileSync(join(directory, 'var/lib/dpkg/status'), all.map((name) => `${status.get(name)}\n`).join('\n'));
    // What is asked of a running systemd is written down; what it does to files (preset, enable) its own program does.
    const systemctl = join(directory, 'usr/bin/systemctl');
    renameSync(systemctl, join(directory, 'usr/lib/systemctl'));
    const recorder = '#!/bin/sh\ncase $1 in --root=*) exec /usr/lib/systemctl "$@" ;; esac\necho "$*" >> /asked\n';
    writeFileSync(systemctl, recorder, { mode: 0o755 });
    return new DebianRoot(directory);
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  /** Runs a command of the root, as a login there would. */
  run(command: readonly string[], input?: string): Promise<Output> {
    const { directory } = this;
    const mounts = [`mount -t proc proc ${directory}/proc`, `mount -t sysfs sysfs ${directory}/sys`];
    const script = [...mounts, `mount --bind /dev ${directory}/dev`, `exec chroot ${directory} "$@"`].join('\n');
    const unshare = ['unshare', '--mount', '--propagation', 'private', 'sh', '-ec', script, 'sh'];
    const env = { PATH: process.env['PATH'], HOME: '/root', DEBIAN_FRONTEND: 'noninteractive' };
    // By its path: the caller's PATH says nothing of the root.
    const inside = ['/usr/bin/env', `PATH=${PATH}`, ...command];
    return run(['nsenter', `--net=${this.#namespace.path}`, ...unshare, ...inside], {
      env,
      ...(input !== undefined && { input }),
    });
  }

  /** An interface like a pod's. */
  async addLink(name: string): Promise<void> {
    await mustRun(
      inNamespace(this.#namespace.name, ['ip', 'link', 'add', name, 'type', 'veth', 'peer', 'name', `${name}p`]),
    );
  }

  async removeLink(name: string): Promise<void> {
    await mustRun(inNamespace(this.#namespace.name, ['ip', 'link', 'delete', name]));
  }

  remove(): void {
    this.#namespace.remove();
  }
}
