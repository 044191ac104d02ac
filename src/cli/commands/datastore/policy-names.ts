import { Command } from 'commander';
import { AlreadyExists, NotFound, type Store } from '../../../datastore/index.ts';
import type { KindName, ResourceOf } from '../../../model/index.ts';
import type { Io } from '../../io.ts';
import { type StoreOptions, withStore } from '../../session.ts';
import { storeOptions } from '../options.ts';

const KINDS = ['NetworkPolicy', 'GlobalNetworkPolicy', 'StagedNetworkPolicy', 'StagedGlobalNetworkPolicy'] as const;
type Policy = ResourceOf<(typeof KINDS)[number]>;

/** Before Calico 3.32 the names of policies in the default tier were stored with this before them. */
const PREFIX = 'default.';

export function migratePolicyNamesCommand(io: Io): Command {
  return storeOptions(new Command('migrate-policy-names'))
    .description('Take the "default." of older versions off the stored names of policies. Doing it again is harmless.')
    .action(async (options: StoreOptions) => {
      await withStore(io, options, async ({ store }) => {
        let migrated = 0;
        for (const kind of KINDS) migrated += await migrate(store, kind);
        io.stdout(`Policy name migration complete, migrated ${migrated} policies.\n`);
      });
    });
}

async function migrate(store: Store, kind: (typeof KINDS)[number]): Promise<number> {
  const { items } = await store.list(kind);
  let migrated = 0;
  for (const policy of items) {
    const old = await oldName(store, policy);
    if (old === undefined) continue;
    await rename(store, policy, old);
    migrated += 1;
  }
  return migrated;
}

/** The stored name, where it is an old one; Calico's own client has the new one in the object already. */
async function oldName(store: Store, { kind, metadata, spec }: Policy): Promise<string | undefined> {
  const { name, namespace } = metadata;
  if ((spec.tier ?? 'default') !== 'default') return undefined;
  if (name.startsWith(PREFIX)) return name;
  return (await store.get({ kind, name, namespace })) === undefined ? PREFIX + name : undefined;
}

/** The new one first: a policy that is there twice for a moment lets nothing through that it should not. */
async function rename(store: Store, policy: Policy, old: string): Promise<void> {
  const { kind, metadata } = policy;
  const { uid: _, resourceVersion: __, ...kept } = metadata;
  const name = old.slice(PREFIX.length);
  await unless(AlreadyExists, () => store.create({ ...policy, metadata: { ...kept, name } } as ResourceOf<KindName>));
  await unless(NotFound, () => store.delete({ kind, name: old, namespace: metadata.namespace }));
}

async function unless(done: typeof AlreadyExists | typeof NotFound, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof done)) throw error;
  }
}
