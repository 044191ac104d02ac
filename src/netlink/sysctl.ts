import { KernelError } from './errors.ts';
import { readHere, writeHere } from './namespace.ts';

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

/**
 * As sysctl(8): dots separate, and a slash stands for a dot inside a name, as in `net.ipv4.conf.eth0/100.forwarding`.
 * A name that leads out of /proc/sys is refused.
 */
export function sysctlFile(name: string): string {
  const parts = name.split('.').map((part) => part.replaceAll('/', '.'));
  if (parts.some((part) => !/^[A-Za-z0-9_.:@-]+$/.test(part) || part === '.' || part === '..')) {
    throw new KernelError('EINVAL', `sysctl ${name}`, 'expected a name such as net.ipv4.ip_forward');
  }
  return `/proc/sys/${parts.join('/')}`;
}

function attempt<T>(name: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof KernelError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? 'EIO';
    const reason = code === 'ENOENT' ? 'this kernel has no such setting here' : 'was refused';
    throw new KernelError(code, `sysctl ${name}`, reason, { cause: error });
  }
}
