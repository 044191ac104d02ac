import { isKernelError, type Kernel } from '../../netlink/index.ts';

export type Sysctls = readonly (readonly [name: string, value: string])[];

/** Writes what is not so yet. A kernel without IPv6 has no IPv6 settings: there is nothing to set there. */
export async function settle(kernel: Pick<Kernel, 'sysctl'>, settings: Sysctls): Promise<void> {
  for (const [name, value] of settings) {
    try {
      if ((await kernel.sysctl(name)) !== value) await kernel.sysctl(name, value);
    } catch (error) {
      if (!(name.startsWith('net.ipv6.') && isKernelError(error, 'ENOENT'))) throw error;
    }
  }
}
