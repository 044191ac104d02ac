import { containsAddress, parseAddress, parsePrefix } from '../../base/index.ts';
import type { EgressPool } from '../../calc/desired/index.ts';
import type { Kernel, TrackedConnection } from '../../netlink/index.ts';

/**
 * How a connection is translated is settled by its first packet; those that go on begin anew, with the same port
 * where that is free. It is not while an answer is remembered that came here after another node had become the
 * gateway: these go too.
 */
export async function forgetConnections(
  kernel: Pick<Kernel, 'connectionList' | 'connectionsDelete'>,
  ranges: ReadonlySet<string>,
  pools: readonly EgressPool[],
): Promise<void> {
  const nets = [...ranges].map((cidr) => parsePrefix(cidr));
  const addresses = new Set(pools.filter(({ cidr }) => ranges.has(cidr)).map(({ address }) => address));
  const isOfThem = ({ original: { source, destination } }: TrackedConnection): boolean =>
    addresses.has(destination) ||
    addresses.has(source) ||
    nets.some((net) => containsAddress(net, parseAddress(source)));
  await kernel.connectionsDelete((await kernel.connectionList()).filter(isOfThem));
}
