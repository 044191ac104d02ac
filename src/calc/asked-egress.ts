import { containsAddress, type Entries, parseAddress, parsePrefix } from '../base/index.ts';
import type { IPPool } from '../model/index.ts';
import { poolExtensions } from './peer-extensions.ts';

/** A pool that asks for an address of its own, as its annotations say. */
export interface AskedEgress {
  readonly pool: IPPool;
  readonly address: string;
  readonly nodes: string;
}

export interface ReadEgress {
  readonly asked: readonly AskedEgress[];
  /** In sentences: what could not be read, or not be had. */
  readonly problems: readonly string[];
}

/** The wishes of the pools, by name. Two pools may share an address where the same nodes are to have it. */
export function askedEgress(pools: Entries<IPPool>): ReadEgress {
  const asked: AskedEgress[] = [];
  const problems: string[] = [];
  for (const pool of pools.toJSON()) {
    const { value, unread, unknown } = poolExtensions(pool);
    const tell = (text: string): number => problems.push(`IPPool ${pool.metadata.name}: ${text}`);
    for (const sentence of [...unread, ...unknown]) tell(sentence);
    const { egressAddress: address, egressNodes: nodes = 'all()' } = value;
    if (address === undefined) {
      if (value.egressNodes !== undefined) tell('egressNodes has no effect without an egressAddress');
      continue;
    }
    const other = asked.find((one) => one.address === address && one.nodes !== nodes);
    const within = pools.find(({ spec }) => containsAddress(parsePrefix(spec.cidr), parseAddress(address)));
    const { family } = parsePrefix(pool.spec.cidr);
    if (unread.length > 0) continue;
    const { allowedUses = [] } = pool.spec;
    if (allowedUses.length > 0 && !allowedUses.includes('Workload'))
      tell(
        `egressAddress has no effect: no pod has an address of it, since its allowedUses are ${allowedUses.join(', ')}`,
      );
    else if (parseAddress(address).family !== family)
      tell(`egressAddress ${address} is of the other family: ${pool.spec.cidr} needs an IPv${family} address`);
    else if (other !== undefined)
      tell(`egressAddress ${address} is that of IPPool ${other.pool.metadata.name}, whose egressNodes are others`);
    else if (within !== undefined)
      tell(`egressAddress ${address} is inside IPPool ${within.metadata.name}; take one that no pod can get`);
    else asked.push({ pool, address, nodes });
  }
  return { asked, problems };
}
