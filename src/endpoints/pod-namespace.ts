import { statSync } from 'node:fs';
import type { CniRequest } from '../control/index.ts';
import { KernelError } from '../netlink/index.ts';

/**
 * The path by which this process opens the pod's namespace. In a container a process has another number, or none, and
 * `/proc/PID/ns/net` may be a stranger's, our host's own even: so a namespace that has two paths is known by its inode.
 */
export function podNamespace({ netns, named }: Pick<CniRequest, 'netns' | 'named'>): string {
  if (named === undefined) return netns;
  for (const path of [named.path, netns]) if (inodeOf(path) === named.inode) return path;
  throw new KernelError(
    'ENOENT',
    `network namespace ${netns}`,
    `it can't be opened here, and ${named.path} does not show it either: is the host's /run/netns mounted with HostToContainer?`,
  );
}

function inodeOf(path: string): number | undefined {
  try {
    return statSync(path).ino;
  } catch {
    return undefined;
  }
}
