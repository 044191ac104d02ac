import { Command } from 'commander';
import { formatPrefix, type Prefix, parsePrefix, reasonOf, subnet } from '../../../base/index.ts';
import type { Store } from '../../../datastore/index.ts';
import { effectivePool, type IPPool, newResource } from '../../../model/index.ts';
import { CommandError } from '../../errors.ts';
import type { Io } from '../../io.ts';
import { type StoreOptions, withStore } from '../../session.ts';
import { isLocked } from '../../store-lock.ts';
import { storeOptions } from '../options.ts';

/** Parts that one pool may be split into at once. */
const MAX_PARTS = 4096;
const LONGEST_NAME = 253;

interface SplitOptions extends StoreOptions {
  readonly cidr?: string;
  readonly name?: string;
}

export function splitCommand(io: Io): Command {
  return storeOptions(new Command('split'))
    .description('Split a pool into smaller ones of equal size; the datastore must be locked.')
    .argument('<NUMBER>', 'how many, a power of two')
    .option('--cidr <CIDR>', 'the pool with this CIDR')
    .option('--name <POOL_NAME>', 'the pool of this name')
    .action(async (number: string, options: SplitOptions) => {
      const parts = Number(number);
      if (!/^\d+$/.test(number)) {
        throw new CommandError(`error reading number to split IP pools into. ${number} is not a valid number`);
      }
      const { cidr, name } = options;
      if (!cidr && !name) {
        throw new CommandError('no name or CIDR provided. Provide a name or CIDR to denote the IP pool to split');
      }
      await withStore(io, options, async ({ store }) => {
        await requireLock(store);
        const pool = await findPool(store, name, cidr);
        const created = await split(store, pool, parts);
        const lines = created.map(({ metadata, spec }) => `Created ${metadata.name} with CIDR ${spec.cidr}.\n`);
        io.stdout(
          `IP Pool ${pool.metadata.name} was successfully split into ${parts} smaller pools.\n${lines.join('')}`,
        );
        io.stdout('Please refer to the documentation for final steps.\n');
      });
    });
}

async function requireLock(store: Store): Promise<void> {
  if (await isLocked(store)) return;
  throw new CommandError(
    'datastore is not locked. Run the `calicoctl datastore migrate lock` command in order split the IP pools',
  );
}

async function findPool(store: Store, name: string | undefined, cidr: string | undefined): Promise<IPPool> {
  if (name) {
    const pool = await store.get({ kind: 'IPPool', name });
    if (pool !== undefined) return pool;
    throw new CommandError(`unable to find IP pool with name ${name}`);
  }
  const { items } = await store.list('IPPool');
  const pool = items.find(({ spec }) => spec.cidr === cidr);
  if (pool === undefined) throw new CommandError(`unable to find IP pool covering the specified CIDR ${cidr}`);
  return pool;
}

/** The blocks stay where they are: each is inside one of the new pools. */
async function split(store: Store, pool: IPPool, parts: number): Promise<readonly IPPool[]> {
  const cidrs = partsOf(parsePrefix(pool.spec.cidr), parts, effectivePool(pool).blockSize);
  const disabled = await store.update<'IPPool'>({ ...pool, spec: { ...pool.spec, disabled: true } });
  const created: IPPool[] = [];
  for (const [index, cidr] of cidrs.entries()) {
    const suffix = `-${index}`;
    const name = `split-${pool.metadata.name}`.slice(0, LONGEST_NAME - suffix.length) + suffix;
    const { labels, annotations } = pool.metadata;
    const spec = { ...pool.spec, cidr: formatPrefix(cidr), disabled: false };
    try {
      created.push(await store.create<'IPPool'>(newResource('IPPool', { name, labels, annotations }, spec)));
    } catch (error) {
      throw new CommandError(`error creating split pool ${name} with cidr ${spec.cidr}: ${reasonOf(error)}`, {
        cause: error,
      });
    }
  }
  const { name, resourceVersion } = disabled.metadata;
  await store.delete({ kind: 'IPPool', name }, { resourceVersion });
  return created;
}

function partsOf(cidr: Prefix, parts: number, blockSize: number): readonly Prefix[] {
  const wrong = (reason: string): CommandError =>
    new CommandError(`error splitting the CIDR ${formatPrefix(cidr)} into ${parts} CIDRs: ${reason}`);
  const bits = Math.log2(parts);
  if (!Number.isInteger(bits) || bits < 1) throw wrong(`number to split CIDR into is not a valid power of 2: ${parts}`);
  if (parts > MAX_PARTS) throw wrong(`at most ${MAX_PARTS} parts at once`);
  if (cidr.length + bits > blockSize) {
    throw wrong(`the CIDR ${formatPrefix(cidr)} is not large enough to be split into ${parts} parts`);
  }
  return Array.from({ length: parts }, (_, index) => subnet(cidr, cidr.length + bits, index));
}
