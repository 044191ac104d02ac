import { Command } from 'commander';
import { reasonOf } from '../../../base/index.ts';
import type { Store } from '../../../datastore/index.ts';
import { builtInTiers, type KindName, parseJson, validateAs } from '../../../model/index.ts';
import { CommandError } from '../../errors.ts';
import type { Io } from '../../io.ts';
import { readSources } from '../../manifest/files.ts';
import { apply } from '../../resources/actions.ts';
import type { Context } from '../../resources/context.ts';
import { execute } from '../../resources/execute.ts';
import { targetsOfText } from '../../resources/targets.ts';
import { type StoreOptions, tryEnsureInitialized, withStore } from '../../session.ts';
import { isLocked, setLocked } from '../../store-lock.ts';
import { storeOptions } from '../options.ts';
import { reportWrites } from '../outcome.ts';
import { readingFiles } from '../reading.ts';
import { ipamFileSchema, ipamResources } from './ipam-file.ts';
import { KUBERNETES_POLICY, MOVED_KINDS, SEPARATOR } from './kinds.ts';

interface ImportOptions extends StoreOptions {
  readonly filename: string;
}

export function importCommand(io: Io): Command {
  return storeOptions(new Command('import'))
    .description('Fill an empty datastore with what `export` printed.')
    .requiredOption('-f, --filename <FILENAME>', 'the file to import; "-" is stdin')
    .action(async (options: ImportOptions) => {
      await withStore(io, { ...options, allowVersionMismatch: true }, async (context) => {
        refuseEtcd(context);
        await requireEmpty(context.store);
        await tryEnsureInitialized(context);
        if (!(await isLocked(context.store))) {
          await setLocked(context.store, true);
          io.stdout('Datastore locked.\n');
        }
        const parts = await readParts(io, options.filename);
        await importResources(io, context, parts.resources);
        await importCluster(context.store, parts.cluster);
        io.stdout('Importing IPAM resources\n');
        await importIpam(io, context.store, parts.ipam);
        io.stdout(
          'Datastore information successfully imported. ' +
            'Please refer to the datastore migration documentation for next steps.\n',
        );
      });
    });
}

/** Refuses etcd as the target. Between any two engines moves `vrouter datastore`. */
function refuseEtcd({ datastoreType }: Context): void {
  if (datastoreType !== 'etcdv3') return;
  throw new CommandError(
    `invalid datastore type: ${datastoreType} to import to for datastore migration. Datastore type must be kubernetes`,
  );
}

interface Parts {
  readonly resources: string;
  readonly cluster: string;
  readonly ipam: string;
}

async function readParts(io: Io, filename: string): Promise<Parts> {
  const text = await readMigration(io, filename);
  const [resources, cluster, ipam, ...more] = text.split(new RegExp(`^${SEPARATOR}`, 'm'));
  if (ipam !== undefined && more.length === 0) return { resources, cluster, ipam };
  throw new CommandError(
    `error while reading migration file: ${filename} is improperly formatted. ` +
      "Try recreating with 'calicoctl datastore migrate export'",
  );
}

async function readMigration(io: Io, filename: string): Promise<string> {
  try {
    const [{ text }] = await readSources(filename, false, io);
    return text;
  } catch (error) {
    throw new CommandError(`error while reading migration file: ${reasonOf(error)}`, { cause: error });
  }
}

/** Nodes may be there already, and what the cluster itself puts there. */
async function requireEmpty(store: Store): Promise<void> {
  const advice = 'Clear out all Calico resources by deleting all Calico CRDs.';
  const kinds: readonly KindName[] = ['BlockAffinity', 'IPAMBlock', 'IPAMHandle', 'IPAMConfiguration'];
  for (const kind of [...MOVED_KINDS, ...kinds]) {
    if (kind === 'Node') continue;
    const { items } = await store.list(kind);
    const own = items.filter(
      ({ metadata: { name } }) => !KUBERNETES_POLICY.test(name) && !Object.hasOwn(builtInTiers, name),
    );
    if (own.length === 0) continue;
    const what = kinds.includes(kind) ? 'IPAM resources' : `Calico ${kind} resource`;
    throw new CommandError(`datastore already has Calico resources: found existing ${what}. ${advice}`);
  }
}

async function importResources(io: Io, context: Context, text: string): Promise<void> {
  const targets = await readingFiles(async () => targetsOfText(text));
  if (targets.length === 0) return;
  const outcome = await execute(context, targets, apply, {});
  reportWrites(io, { base: 'apply', past: 'applied' }, outcome);
}

/** The cluster keeps its identity. */
async function importCluster(store: Store, text: string): Promise<void> {
  try {
    const moved = validateAs('ClusterInformation', parseJson(text));
    const current = await store.get({ kind: 'ClusterInformation', name: 'default' });
    if (current === undefined) return;
    const { clusterGUID, calicoVersion } = moved.spec;
    await store.update<'ClusterInformation'>({ ...current, spec: { ...current.spec, clusterGUID, calicoVersion } });
  } catch (error) {
    throw new CommandError(`failed to update cluster information: ${reasonOf(error)}`, { cause: error });
  }
}

async function importIpam(io: Io, store: Store, text: string): Promise<void> {
  const failures: string[] = [];
  const resources = readIpamFile(text);
  for (const resource of resources) {
    try {
      await store.create(resource);
    } catch (error) {
      failures.push(`error trying to create ${resource.kind} ${resource.metadata.name}: ${reasonOf(error)}`);
    }
  }
  const handled = resources.length - failures.length;
  if (failures.length === 0) {
    io.stdout(
      resources.length === 0
        ? 'No IPAM resources specified in file\n'
        : `Successfully applied ${handled} IPAM resource(s)\n`,
    );
    return;
  }
  if (handled > 0) io.stdout(`Partial success: applied the first ${handled} out of ${resources.length} resources:\n`);
  throw new CommandError(`hit error(s): [${failures.join(' ')}]`);
}

function readIpamFile(text: string) {
  try {
    return ipamResources(ipamFileSchema.parse(parseJson(text)));
  } catch (error) {
    throw new CommandError(`failed to read IPAM resources: ${reasonOf(error)}`, { cause: error });
  }
}
