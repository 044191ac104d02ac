import { bind, exists, inodeOf, list, makeFolder, pid, remove, unbind, writeFile } from './host.ts';

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
  const named = await nameFor(netns);
  try {
    return await work(named);
  } finally {
    if (named !== undefined) await removeName(named.path);
  }
}

async function nameFor(netns: string): Promise<Named | undefined> {
  const path = `${NAMED}/${PREFIX}${pid()}`;
  try {
    await removeLeftNames();
    makeFolder(NAMED, 0o755);
    writeFile(path, '', 0o444);
    await bind(netns, path);
    return { path, inode: inodeOf(netns) };
  } catch {
    remove(path);
    return undefined;
  }
}

/** Runtimes kill a plugin that takes too long: what it has named would keep the namespace for ever. */
async function removeLeftNames(): Promise<void> {
  for (const name of list(NAMED)) {
    if (name.startsWith(PREFIX) && !exists(`/proc/${name.slice(PREFIX.length)}`)) await removeName(`${NAMED}/${name}`);
  }
}

async function removeName(name: string): Promise<void> {
  // Not mounted, or somebody else was faster.
  await unbind(name).catch(() => {});
  remove(name);
}
