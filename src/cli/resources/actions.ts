import { sleep } from '../../base/index.ts';
import { AlreadyExists, NotFound, OperationNotSupported, type Store, UpdateConflict } from '../../datastore/index.ts';
import {
  definitionOf,
  fillDefaults,
  type KindName,
  type ResourceOf,
  refuseDuplicates,
  resourceKeyText,
  ValidationError,
  validate,
} from '../../model/index.ts';
import { CommandError } from '../errors.ts';
import { textAt } from '../go-values.ts';
import type { RawObject } from '../manifest/documents.ts';
import { builtIn, refuseBuiltIn, refuseTierInUse, requireTier, withBuiltIns } from './built-in.ts';
import type { Context } from './context.ts';
import { asStored, named } from './endpoints.ts';
import { checkPool, checkPoolAlone, deletePool } from './ip-pools.ts';
import { deleteNode } from './nodes.ts';
import type { Result } from './result.ts';
import type { Target } from './target.ts';

type AnyResource = ResourceOf<KindName>;

/** The action on one target, with its outcome. */
export type Writer = (context: Context, target: Target) => Promise<Result>;

/** How often a write whose object changed under it is tried, and the pause between, in milliseconds. */
const CONFLICT_TRIES = 5;
const CONFLICT_PAUSE = 1000;

/** One object by name, or all of the kind. */
export async function getOrList({ store }: Context, target: Target): Promise<Result> {
  const { kind, name, namespace } = target;
  if (name === '') {
    const { items, revision } = await store.list(kind, namespace === undefined ? {} : { namespace });
    return { kind, items: kind === 'Tier' ? byOrder(items) : withBuiltIns(kind, items), revision };
  }
  if (namespace === undefined && definitionOf(kind).namespaced) {
    throw new CommandError('cannot use --all-namespace flag for getting a single resource');
  }
  return { kind, items: [await mustGet(store, target)] };
}

export async function create(context: Context, target: Target): Promise<Result> {
  refuseReadOnly('create or apply', target);
  refuseBuiltIn('Create', target);
  const resource = resourceOf({ ...target, raw: target.raw && named(target.raw) });
  const { resourceVersion } = resource.metadata;
  if (resourceVersion !== undefined && resourceVersion !== '') {
    const reason = 'field must not be set for a Create request';
    throw new ValidationError([{ name: 'Metadata.ResourceVersion', value: resourceVersion, reason }]);
  }
  const { name, labels, annotations } = resource.metadata;
  const metadata = { name, namespace: target.namespace, labels, annotations };
  const wanted = asStored(fillDefaults({ ...resource, metadata }));
  await requireTier(context.store, wanted);
  if (wanted.kind === 'IPPool') await checkPool(context.store, wanted);
  return one(target, await context.store.create(wanted));
}

/**
 * Replaces an existing object: its spec, its labels and its annotations wholly, nothing else of its metadata. A status
 * stays unless the file has one: manifests are written without.
 */
export async function update(context: Context, target: Target): Promise<Result> {
  const resource = await resourceThere(context.store, target);
  const expected = resource.metadata.resourceVersion || undefined;
  for (let tries = 1; ; tries++) {
    const stored = await mustGet(context.store, target);
    if (expected !== undefined && expected !== stored.metadata.resourceVersion)
      throw new UpdateConflict(keyText(target));
    try {
      const status = resource.status ?? stored.status;
      const wanted = { ...resource, status, metadata: replacedMetadata(stored, resource) } as AnyResource;
      return await writeOver(context, target, stored, wanted);
    } catch (error) {
      if (!(error instanceof UpdateConflict) || expected !== undefined || tries === CONFLICT_TRIES) throw error;
      await sleep(context.clock, CONFLICT_PAUSE);
    }
  }
}

/** Writes an object in the place of the one that was read; `UpdateConflict` if that has changed since. */
export async function writeOver(
  { store }: Context,
  target: Target,
  stored: AnyResource,
  wanted: AnyResource,
): Promise<Result> {
  refuseReadOnly('apply or replace', target);
  refuseBuiltIn('Update', target);
  const filled = asStored(fillDefaults({ ...wanted, metadata: { ...wanted.metadata, ...identityOf(stored) } }));
  if (filled.kind === 'IPPool' && stored.kind === 'IPPool') await checkPool(store, filled, stored);
  return one(target, await store.update(filled));
}

/** Creates, or replaces what is there. */
export async function apply(context: Context, target: Target): Promise<Result> {
  if (target.kind === 'ClusterInformation') refuseReadOnly('apply', target, 'resource is readonly');
  const { metadata, ...raw } = target.raw ?? {};
  const fresh = { ...target, raw: { ...raw, metadata: { ...(metadata as object), resourceVersion: undefined } } };
  try {
    return await create(context, fresh);
  } catch (error) {
    const isNode = target.kind === 'Node' && error instanceof ValidationError;
    if (error instanceof AlreadyExists || error instanceof OperationNotSupported || isNode)
      return update(context, target);
    throw error;
  }
}

export async function remove(context: Context, target: Target): Promise<Result> {
  const { store, clock } = context;
  refuseReadOnly('delete', target);
  const { kind, name, namespace } = target;
  if (name === '') throw new CommandError('resource name may not be empty');
  refuseBuiltIn('Delete', target);
  await refuseTierInUse(store, target);
  const resourceVersion = textAt(target.raw, 'metadata.resourceVersion') || undefined;
  if (kind === 'IPPool') return one(target, await deletePool(store, name, clock, resourceVersion));
  if (kind === 'Node') return one(target, await deleteNode(context, name, resourceVersion));
  return one(target, await store.delete({ kind, name, namespace }, { resourceVersion }));
}

/** The object as it is now; throws `NotFound`. */
export async function mustGet(store: Store, target: Target): Promise<AnyResource> {
  const { kind, name, namespace } = target;
  const found = builtIn(target) ?? (await store.get({ kind, name, namespace }));
  if (found === undefined) throw new NotFound(keyText(target), '<nil>');
  return found;
}

function one({ kind }: Target, resource: AnyResource): Result {
  return { kind, items: [resource] };
}

/** The object of a file with all checks that need no store, as it would be stored. */
export function checked(target: Target): Result {
  const resource = resourceOf({ ...target, raw: target.raw && named(target.raw) });
  refuseDuplicates(resource);
  return one(target, asStored(fillDefaults(resource)));
}

/** The resource that the file holds, checked, in the namespace that was found for it. */
function resourceOf(target: Target): AnyResource {
  const raw = rawOf(target);
  // Calico's client looks at a pool before its validator does.
  if (target.kind === 'IPPool') checkPoolAlone(raw['spec']);
  return validate(raw);
}

/**
 * The same for an object that is there: a node may be called as its host is, in capitals too, and can be changed then.
 */
async function resourceThere(store: Store, target: Target): Promise<AnyResource> {
  const { kind, name } = target;
  try {
    return resourceOf(target);
  } catch (error) {
    if (kind !== 'Node' || (await store.get({ kind, name })) === undefined) throw error;
    return validate(rawOf(target), { names: 'runtime' });
  }
}

/** The object of a file with its namespace filled in. */
function rawOf({ raw, namespace }: Target): RawObject {
  if (raw === undefined) throw new CommandError('No resources specified');
  return { ...raw, metadata: { ...(raw['metadata'] as object | undefined), namespace } };
}

function keyText({ kind, name, namespace }: Target): string {
  return resourceKeyText(kind, name, namespace);
}

/** An object that stands for a policy of Kubernetes is managed there. */
const KUBERNETES_POLICY = /^knp\.default\./;

function refuseReadOnly(operation: string, target: Target, reason?: string): void {
  if (target.kind === 'ClusterInformation') throw new OperationNotSupported(operation, 'ClusterInformation', reason);
  if (target.kind !== 'NetworkPolicy' || !KUBERNETES_POLICY.test(target.name)) return;
  const advice = 'kubernetes network policies must be managed through the kubernetes API';
  throw new OperationNotSupported(operation, keyText(target), advice);
}

/** All that is not the user's stays as it is. */
function replacedMetadata({ metadata }: AnyResource, wanted: AnyResource): AnyResource['metadata'] {
  const { labels: _, annotations: __, ...kept } = metadata;
  const { labels, annotations } = wanted.metadata;
  return { ...kept, ...(labels && { labels }), ...(annotations && { annotations }) };
}

/** The metadata that a writer may not change. */
function identityOf({
  metadata,
}: AnyResource): Pick<AnyResource['metadata'], 'name' | 'namespace' | 'resourceVersion'> {
  const { name, namespace, resourceVersion } = metadata;
  return { name, namespace, resourceVersion };
}

/** Tiers in the order in which they apply; those without an order last. */
function byOrder(tiers: readonly AnyResource[]): readonly AnyResource[] {
  const order = (tier: AnyResource): number =>
    (tier.kind === 'Tier' ? tier.spec.order : undefined) ?? Number.POSITIVE_INFINITY;
  return tiers.toSorted((a, b) => (order(a) === order(b) ? 0 : order(a) - order(b)));
}
