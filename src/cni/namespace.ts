import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Where namespaces have names, and where the daemon sees them, in a container too. */
const NAMED = '/run/netns';
const PREFIX = 'vrouter-';

/** Another path of a namespace, and by what to know it. */
interface Named {
  readonly path: string;
  readonly inode: number;
}

/**
 * A namespace that is named after a process (`/proc/PID/ns/net`, as Docker and `ctr run` do) may be opened only by who may
 * trace that process, and only where its number is known. The runtime starts us where both is so; the daemon has neither
 * the right nor, in a container, the numbers. So the namespace gets a name for as long as `work` takes. Where that fails,
 * there is none, and the daemon may know the other path.
 */
export async function withNamedNamespace<T>(netns: string, work: (named: Named | undefined) => Promise<T>): Promise<T> {
  const named = nameFor(netns);
  try {
    return await work(named);
  } finally {
    if (named !== undefined) removeName(named.path);
  }
}

function nameFor(netns: string): Named | undefined {
  const path = join(NAMED, `${PREFIX}${process.pid}`);
  try {
    removeLeftNames();
    mkdirSync(NAMED, { recursive: true });
    closeSync(openSync(path, 'w', 0o444));
    mount('mount', '--bind', netns, path);
    return { path, inode: statSync(netns).ino };
  } catch {
    rmSync(path, { force: true });
    return undefined;
  }
}

/** Runtimes kill a plugin that takes too long: what it has named would keep the namespace for ever. */
function removeLeftNames(): void {
  if (!existsSync(NAMED)) return;
  for (const name of readdirSync(NAMED)) {
    if (name.startsWith(PREFIX) && !existsSync(`/proc/${name.slice(PREFIX.length)}`)) removeName(join(NAMED, name));
  }
}

function removeName(name: string): void {
  try {
    mount('umount', '--lazy', name);
  } catch {
    // Not mounted, or somebody else was faster.
  }
  rmSync(name, { force: true });
}

/** By mount(8): Node has no such call. A runtime may start us without a PATH. */
function mount(command: 'mount' | 'umount', ...words: readonly string[]): void {
  execFileSync(command, words, { stdio: 'ignore', env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' } });
}
