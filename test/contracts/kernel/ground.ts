import type { Test } from 'tap';
import type { FibInfo, Kernel } from '../../../src/netlink/index.ts';

/** Two fresh namespaces of one kernel, and their paths. */
export interface TwoNamespaces {
  readonly kernel: Kernel;
  readonly path: string;
  readonly otherPath: string;
  close(): Promise<void>;
}

export interface Ground extends TwoNamespaces {
  readonly t: Test;
  /** Index of `cali1`, which is up, with 10.1.0.1/24 and fd00::1/64, and has a veth peer `eth0` over there. */
  dev(): Promise<number>;
}

/** Sentences, each with what shows that it holds. */
export type Scenarios = Readonly<Record<string, (ground: Ground) => Promise<void>>>;

export const DIRECT = { kind: 'unicast', protocol: 80, table: 254 } as const;
export const BLACKHOLE: FibInfo = { kind: 'blackhole', protocol: 80, table: 254, nextHops: [] };

export async function layWire({ kernel, otherPath }: TwoNamespaces): Promise<number> {
  await kernel.linkAdd({
    kind: 'veth',
    name: 'cali1',
    peerName: 'eth0',
    peerNamespace: otherPath,
    mtu: 1400,
    mac: 'ee:ee:ee:ee:ee:ee',
    peerMac: '02:00:00:00:00:99',
    alias: 'pod one',
  });
  const other = await kernel.inNamespace(otherPath);
  await other.linkSet('eth0', { up: true });
  other.close();
  await kernel.linkSet('cali1', { up: true });
  await kernel.addressAdd({ dev: 'cali1', address: '10.1.0.1/24' });
  await kernel.addressAdd({ dev: 'cali1', address: 'fd00::1/64' });
  return (await kernel.linkList()).find(({ name }) => name === 'cali1')?.index ?? 0;
}

export async function names(kernel: Kernel): Promise<string[]> {
  return (await kernel.linkList()).map(({ name }) => name);
}
