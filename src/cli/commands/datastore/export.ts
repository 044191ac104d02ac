import { Command } from 'commander';
import type { Store } from '../../../datastore/index.ts';
import { formatJson, type KindName, type Resource, read } from '../../../model/index.ts';
import { CommandError } from '../../errors.ts';
import type { Io } from '../../io.ts';
import { toJson } from '../../printers/json.ts';
import { toYaml } from '../../printers/yaml.ts';
import { asApiObject } from '../../resources/result.ts';
import { type StoreOptions, withStore } from '../../session.ts';
import { isLocked } from '../../store-lock.ts';
import { storeOptions } from '../options.ts';
import { readIpam } from './ipam-file.ts';
import { KUBERNETES_POLICY, MOVED_KINDS, SEPARATOR } from './kinds.ts';

type Rename = (node: string) => string;

export function exportCommand(io: Io): Command {
  return storeOptions(new Command('export'))
    .description('Print all of a locked datastore, for import into another: resources and IPAM.')
    .action(async (options: StoreOptions) => {
      await withStore(io, options, async ({ store, datastoreType }) => {
        if (!(await isLocked(store))) {
          throw new CommandError(
            'datastore is not locked. Run the `calicoctl datastore migrate lock` command in order to begin migration',
          );
        }
        if (datastoreType === 'kubernetes') {
          throw new CommandError(
            `invalid datastore type: ${datastoreType} to export from for datastore migration. ` +
              'Datastore type must be etcdv3',
          );
        }
        const rename = await nodeNames(store);
        for (const kind of MOVED_KINDS) io.stdout(`${await resources(store, kind, rename)}---\n`);
        const cluster = await store.get({ kind: 'ClusterInformation', name: 'default' });
        io.stdout(`${SEPARATOR}${toJson(cluster)}${SEPARATOR}`);
        io.stdout(`${formatJson(await readIpam(store, rename), 2)}\n`);
      });
    });
}

/** A node is called in Kubernetes what its orchestrator reference says, whatever it is called here. */
async function nodeNames(store: Store): Promise<Rename> {
  const { items } = await store.list('Node');
  const names = new Map<string, string>();
  for (const { metadata, spec } of items) {
    const reference = spec.orchRefs?.find(({ orchestrator }) => orchestrator === 'k8s');
    names.set(metadata.name, reference?.nodeName || metadata.name);
  }
  return (node) => names.get(node) ?? node;
}

async function resources(store: Store, kind: KindName, rename: Rename): Promise<string> {
  const { items, revision } = await store.list(kind);
  const moved = items
    .filter(({ metadata }) => !(kind.endsWith('NetworkPolicy') && KUBERNETES_POLICY.test(metadata.name)))
    .map((item): Resource => ({ ...item, metadata: movedMetadata(item, rename), spec: movedSpec(item) }));
  return toYaml(asApiObject({ kind, items: moved, revision }));
}

/** Words of old versions (`DROP`) in the case that has been theirs since: older definitions of the API server know no other. */
function movedSpec(item: Resource): Resource['spec'] {
  if (item.kind !== 'FelixConfiguration') return item.spec;
  const settled: Readonly<Record<string, unknown>> = read('FelixConfiguration', item).resource?.spec ?? {};
  const words = Object.entries(item.spec as object).filter(([name, value]) => isWord(value) && isWord(settled[name]));
  return { ...(item.spec as object), ...Object.fromEntries(words.map(([name]) => [name, settled[name]])) };
}

function isWord(value: unknown): value is string {
  return typeof value === 'string';
}

function movedMetadata({ kind, metadata }: Resource, rename: Rename): Resource['metadata'] {
  const { uid: _, resourceVersion: __, creationTimestamp: ___, ...kept } = metadata;
  if (kind === 'Node') return { ...kept, name: rename(kept.name) };
  if (kind !== 'FelixConfiguration' && kind !== 'BGPConfiguration') return kept;
  return { ...kept, name: kept.name.replace(/^node\.(.*)$/, (_, node: string) => `node.${rename(node)}`) };
}
