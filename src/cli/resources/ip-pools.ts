import { type Clock, equalPrefix, formatPrefix, overlaps, parsePrefix, sleep } from '../../base/index.ts';
import { type Store, UpdateConflict } from '../../datastore/index.ts';
import { Ipam } from '../../ipam/index.ts';
import { type IPPool, resourceKeyText, ValidationError } from '../../model/index.ts';

/** Time for the nodes to see that the pool is disabled, before its blocks are released. Milliseconds. */
const SETTLE = 500;

/** The rules of a pool that no schema can know: those about other pools, and about what it was before. */
export async function checkPool(store: Store, pool: IPPool, before?: IPPool): Promise<void> {
  const net = parsePrefix(pool.spec.cidr);
  if (before !== undefined) {
    if (!equalPrefix(net, parsePrefix(before.spec.cidr)))
      refuse('CIDR', pool.spec.cidr, 'IPPool CIDR cannot be modified');
    if (pool.spec.blockSize !== before.spec.blockSize && before.spec.blockSize !== undefined) {
      refuse('BlockSize', pool.spec.blockSize, 'IPPool BlockSize cannot be modified');
    }
    return;
  }
  const { items } = await store.list('IPPool');
  for (const other of items) {
    if (other.metadata.name === pool.metadata.name) continue;
    const otherNet = parsePrefix(other.spec.cidr);
    if (!overlaps(net, otherNet)) continue;
    const names = `IPPool(${pool.metadata.name}) CIDR overlaps with IPPool(${other.metadata.name}) CIDR`;
    refuse('CIDR', pool.spec.cidr, `${names} ${formatPrefix(otherNet)}`);
  }
}

/** Disables the pool, lets go of all blocks in it, then removes it. */
export async function deletePool(store: Store, name: string, clock: Clock, resourceVersion?: string): Promise<IPPool> {
  const key = { kind: 'IPPool', name } as const;
  const pool = await store.get(key);
  if (pool === undefined) return store.delete(key);
  if (resourceVersion !== undefined && resourceVersion !== pool.metadata.resourceVersion) {
    throw new UpdateConflict(resourceKeyText('IPPool', name));
  }
  if (pool.spec.disabled !== true) {
    await store.update<'IPPool'>({ ...pool, spec: { ...pool.spec, disabled: true } });
    await sleep(clock, SETTLE);
  }
  await new Ipam({ store, clock }).releasePoolAffinities(parsePrefix(pool.spec.cidr));
  return store.delete(key);
}

function refuse(field: string, value: unknown, reason: string): never {
  throw new ValidationError([{ name: `IPPool.Spec.${field}`, value, reason }]);
}
