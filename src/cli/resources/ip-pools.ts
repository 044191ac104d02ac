import {
  type Clock,
  equalPrefix,
  formatPrefix,
  overlaps,
  parsePrefix,
  sleep,
  tryParseAddress,
  tryParsePrefix,
} from '../../base/index.ts';
import { type Store, UpdateConflict } from '../../datastore/index.ts';
import { Ipam } from '../../ipam/index.ts';
import { type FieldError, type IPPool, resourceKeyText, ValidationError } from '../../model/index.ts';

/** Time for the nodes to see that the pool is disabled, before its blocks are released. Milliseconds. */
const SETTLE = 500;

/**
 * The rules of a pool by itself, in the words of Calico's client, which looks at a pool before its validator does. The
 * spec is decoded, so that its types are right.
 */
export function checkPoolAlone(spec: unknown): void {
  const { cidr, blockSize, disabled, ipipMode, vxlanMode } = (spec ?? {}) as Partial<IPPool['spec']>;
  if (!cidr) throw new ValidationError([problem('CIDR', undefined, 'IPPool CIDR must be specified')]);
  const net = tryParsePrefix(cidr);
  if (net === undefined) throw new ValidationError([problem('CIDR', cidr, 'IPPool CIDR must be a valid subnet')]);
  const [size, smallest, largest] = net.family === 4 ? [26, 20, 32] : [122, 116, 128];
  const shown = formatPrefix(net);
  const problems: FieldError[] = [];
  const block = blockSize || size;
  if (block < smallest || block > largest) {
    const range = `block size must be between ${smallest} and ${largest}`;
    problems.push(problem('BlockSize', block, `IPv${net.family} ${range}`));
  }
  if (!disabled && net.length > block) {
    const advice = 'It must be equal to or greater than the block size.';
    problems.push(problem('CIDR', shown, `IP pool size is too small for use with Calico IPAM. ${advice}`));
  }
  const ipip = (ipipMode || 'Never') !== 'Never';
  if (ipip && (vxlanMode || 'Never') !== 'Never') {
    problems.push(problem('VXLANMode', vxlanMode, 'Cannot enable both VXLAN and IPIP on the same IPPool'));
  }
  if (ipip && net.family === 6) {
    problems.push(problem('IPIPMode', ipipMode, 'IPIP is not supported on an IPv6 IP pool'));
  }
  const alone = tryParseAddress(cidr.replace(/\/.*$/, ''));
  if (alone !== undefined && alone.value !== net.value) {
    problems.push(problem('CIDR', shown, 'IPPool CIDR is not strictly masked'));
  }
  const [linkLocal, name] = net.family === 4 ? (['169.254.0.0/16', 'IPv4'] as const) : (['fe80::/10', 'IPv6'] as const);
  if (overlaps(net, parsePrefix(linkLocal))) {
    problems.push(problem('CIDR', shown, `IPPool CIDR overlaps with ${name} Link Local range ${linkLocal}`));
  }
  if (problems.length > 0) throw new ValidationError(problems);
}

/** The rules of a pool that need a look at the others, at what is in use, and at what it was before. */
export async function checkPool(store: Store, pool: IPPool, before?: IPPool): Promise<void> {
  const problems = before === undefined ? await newPoolProblems(store, pool) : changeProblems(pool, before);
  if (problems.length > 0) throw new ValidationError(problems);
}

function changeProblems({ spec }: IPPool, { spec: before }: IPPool): readonly FieldError[] {
  const problems: FieldError[] = [];
  if (!equalPrefix(parsePrefix(spec.cidr), parsePrefix(before.cidr))) {
    problems.push(problem('CIDR', spec.cidr, 'IPPool CIDR cannot be modified'));
  }
  if (before.allowedUses?.includes('LoadBalancer') && spec.allowedUses?.some((use) => use !== 'LoadBalancer')) {
    const reason = 'IPPool allowed use cannot be changed from LoadBalacer to Workload or Tunnel';
    problems.push(problem('AllowedUses', spec.allowedUses, reason));
  }
  if (before.blockSize !== undefined && spec.blockSize !== before.blockSize) {
    problems.push(problem('BlockSize', spec.blockSize, 'IPPool BlockSize cannot be modified'));
  }
  return problems;
}

async function newPoolProblems(store: Store, { metadata, spec }: IPPool): Promise<readonly FieldError[]> {
  const net = parsePrefix(spec.cidr);
  const { items: pools } = await store.list('IPPool');
  const overlapping = pools.filter(
    (other) => other.metadata.name !== metadata.name && overlaps(net, parsePrefix(other.spec.cidr)),
  );
  if (overlapping.length > 0) {
    return overlapping.map((other) => {
      const names = `IPPool(${metadata.name}) CIDR overlaps with IPPool(${other.metadata.name}) CIDR`;
      return problem('CIDR', spec.cidr, `${names} ${other.spec.cidr}`);
    });
  }
  const { items: blocks } = await store.list('IPAMBlock');
  const odd = blocks.some(({ spec: { cidr } }) => {
    const block = parsePrefix(cidr);
    return block.length !== spec.blockSize && overlaps(net, block);
  });
  const reason = 'IPPool blocksSize conflicts with existing allocations that use a different blockSize';
  return odd ? [problem('BlockSize', spec.blockSize, reason)] : [];
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

function problem(field: string, value: unknown, reason: string): FieldError {
  return { name: `IPPool.Spec.${field}`, value, reason };
}
