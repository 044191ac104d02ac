import { accessSync, closeSync, constants, openSync, readFileSync, writeFileSync } from 'node:fs';
import { KernelError } from './errors.ts';
import { libc } from './libc.ts';

/** Work in another network namespace. */

const CLONE_NEWNET = 0x40000000;
const EINVAL = 22;

/** Opens a namespace by path, such as `/run/netns/pod1`, for messages that name it by descriptor. */
export function openNamespace(path: string): { readonly descriptor: number; close(): void } {
  try {
    const descriptor = openSync(path, 'r');
    return { descriptor, close: () => closeSync(descriptor) };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'EINVAL';
    const why =
      code === 'EACCES' && path.startsWith('/proc/')
        ? 'a namespace named after a process is opened by who may trace it (CAP_SYS_PTRACE); name it in /run/netns'
        : 'cannot be opened';
    throw new KernelError(code, `network namespace ${path}`, why, { cause: error });
  }
}

/**
 * Runs `work` with this thread in the namespace at `path`, and comes back whatever happens. `work` must be
 * synchronous: anything it awaited would run in the wrong namespace.
 */
export function inNetworkNamespace<T>(path: string, work: () => T): T {
  const there = openNamespace(path);
  const here = openNamespace('/proc/thread-self/ns/net');
  try {
    enter(there.descriptor, path);
    try {
      return work();
    } finally {
      enter(here.descriptor, 'the namespace we came from');
    }
  } finally {
    there.close();
    here.close();
  }
}

function enter(descriptor: number, what: string): void {
  if (libc().setns(descriptor, CLONE_NEWNET) === 0) return;
  const errno = libc().errno();
  const words = errno === EINVAL ? 'this is not a network namespace' : undefined;
  throw KernelError.fromErrno(errno, `entering ${what}`, words);
}

/** Runs `work` here, or with `path` in that namespace. */
export function inPlace<T>(path: string | undefined, work: () => T): T {
  return path === undefined ? work() : inNetworkNamespace(path, work);
}

/** Reads a file as this thread sees it; with `path` from inside that namespace. */
export function readHere(file: string, path?: string): string {
  return inPlace(path, () => readFileSync(file, 'utf8'));
}

export function writeHere(file: string, text: string, path?: string): void {
  inPlace(path, () => writeFileSync(file, text));
}

/** Whether this thread may write the file: not so where it is mounted read-only. */
export function isWritableHere(file: string): boolean {
  try {
    accessSync(file, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
