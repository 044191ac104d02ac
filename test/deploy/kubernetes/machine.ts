import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { mustRun } from '../../../src/lab/command.ts';
import { Containerd } from '../../containerd/containerd.ts';
import { makeNamespace } from '../../fakes/namespaces.ts';

/** Folders of the host that a node of a cluster has for itself: what is written there is written beside this machine's. */
const OWN = ['etc', 'opt', 'var/lib'];

/** What a machine has that not all have. */
export interface MachineOptions {
  /** More folders of the host that it has for itself. */
  readonly own?: readonly string[];
  /** Commands of the shell that make its view of the files, with mounts that only it has. */
  readonly script?: readonly string[];
  /** The program that runs containers; runc if not named. */
  readonly runtime?: string | undefined;
}

/**
 * A machine of a cluster: a network namespace, and a view of the files in which the folders that a manifest may name
 * (`/etc/cni`, `/opt/cni`, `/run`, `/var/lib`) are its own. Mounts are shared as systemd shares them. It runs containerd
 * with its default places.
 */
export class Machine {
  readonly name: string;
  readonly containerd: Containerd;
  readonly #directory: string;
  readonly #namespace: ReturnType<typeof makeNamespace>;
  readonly #holder: ChildProcess;

  private constructor(
    name: string,
    directory: string,
    namespace: ReturnType<typeof makeNamespace>,
    holder: ChildProcess,
    images: readonly string[],
    runtime: string | undefined,
  ) {
    this.name = name;
    this.#directory = directory;
    this.#namespace = namespace;
    this.#holder = holder;
    const enter = (command: readonly string[]): readonly string[] => this.inside(command);
    this.containerd = new Containerd({ directory: join(directory, 'containerd'), enter, images, runtime });
  }

  static async start(
    name: string,
    directory: string,
    images: readonly string[],
    options: MachineOptions = {},
  ): Promise<Machine> {
    const own = [...OWN, ...(options.own ?? [])].map((folder) => {
      const [upper, work] = ['upper', 'work'].map((layer) => join(directory, folder, layer));
      for (const layer of [upper, work]) mkdirSync(layer, { recursive: true });
      return `mount -t overlay overlay -o lowerdir=/${folder},upperdir=${upper},workdir=${work} /${folder}`;
    });
    const namespace = makeNamespace();
    // Of what this machine has installed there, nothing.
    const empty = ['rm -rf /etc/cni /opt/cni', 'mount -t tmpfs tmpfs /run', 'mkdir /run/netns'];
    const script = [...own, ...empty, ...(options.script ?? []), 'echo made', 'exec sleep infinity'];
    const holder = spawn(
      'nsenter',
      [`--net=${namespace.path}`, 'unshare', '--mount', '--propagation', 'private', 'sh', '-ec', share(script)],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const [line] = await Promise.race([once(createInterface({ input: holder.stdout }), 'line'), once(holder, 'exit')]);
    if (line !== 'made') throw new Error('the machine could not be made');
    return new Machine(name, directory, namespace, holder, images, options.runtime);
  }

  get namespace(): string {
    return this.#namespace.name;
  }

  /** The command, run on the machine. */
  inside(command: readonly string[]): readonly string[] {
    return ['nsenter', `--target=${this.#holder.pid}`, '--net', '--mount', '--', ...command];
  }

  run(command: readonly string[]): Promise<string> {
    return mustRun(this.inside(command));
  }

  /** A path that is the same on the machine and here. */
  path(name: string): string {
    return join(this.#directory, name);
  }

  async remove(): Promise<void> {
    await this.containerd.remove();
    const ended = once(this.#holder, 'exit');
    this.#holder.kill('SIGKILL');
    await ended;
    this.#namespace.remove();
  }
}

function share(script: readonly string[]): string {
  return ['mount --make-rshared /', ...script].join('\n');
}
