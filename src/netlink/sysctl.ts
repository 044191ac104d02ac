import { KernelError } from './errors.ts';
import { isWritableHere, readHere, writeHere } from './namespace.ts';

/**
 * Values under /proc/sys, of one network namespace. Which namespace `/proc/sys/net` shows is decided by the thread
 * that opens the file, so both are synchronous and on the thread that entered it.
 */
export function sysctlRead(name: string, namespace?: string): string {
  return attempt(name, () => readHere(sysctlFile(name), namespace).trim());
}

export function sysctlWrite(name: string, value: string, namespace?: string): void {
  attempt(name, () => writeHere(sysctlFile(name), value, namespace));
}

const NET = '/proc/sys/net';
/**
 * Container runtimes mount /proc/sys read-only, whatever a container's capabilities. So the host's /proc/sys/net is
 * mounted a second time, here: the same files, which follow the thread's namespace just as well.
 */
const NET_OF_HOST = '/host/proc/sys/net';

/** The first of the folders whose settings can be written. The kernel has `ipv4/ip_forward` in every namespace. */
export function writableFolder(folders: readonly string[]): string | undefined {
  return folders.find((folder) => isWritableHere(`${folder}/ipv4/ip_forward`));
}

let net: string | undefined;

/** An interface's name as it stands in that of a setting: a dot in it is a slash there. */
export function sysctlWord(interfaceName: string): string {
  return interfaceName.replaceAll('.', '/');
}

/**
 * As sysctl(8): dots separate, and a slash stands for a dot inside a name, as in `net.ipv4.conf.eth0/100.forwarding`.
 * A name that leads out of /proc/sys is refused.
 */
export function sysctlFile(name: string, folder = (net ??= writableFolder([NET, NET_OF_HOST]) ?? NET)): string {
  const parts = name.split('.').map((part) => part.replaceAll('/', '.'));
  if (parts.some((part) => !/^[A-Za-z0-9_.:@-]+$/.test(part) || part === '.' || part === '..')) {
    throw new KernelError('EINVAL', `sysctl ${name}`, 'expected a name such as net.ipv4.ip_forward');
  }
  return parts[0] === 'net' ? [folder, ...parts.slice(1)].join('/') : `/proc/sys/${parts.join('/')}`;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'this kernel has no such setting here',
  EROFS: `it is mounted read-only; give the container the host's ${NET} at ${NET_OF_HOST}, as deploy/vrouter.yaml does`,
  EACCES: 'was refused; it needs CAP_NET_ADMIN',
};

function attempt<T>(name: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof KernelError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? 'EIO';
    throw new KernelError(code, `sysctl ${name}`, REASONS[code] ?? 'was refused', { cause: error });
  }
}
