import { type Clock, sleep } from '../../base/index.ts';
import { AlreadyExists, NotFound, OperationNotSupported, type Store, UpdateConflict } from '../../datastore/index.ts';
import {
  fillDefaults,
  type KindName,
  type ResourceOf,
  resourceKeyText,
  ValidationError,
  validate,
} from '../../model/index.ts';
import { CommandError } from '../errors.ts';
import type { RawObject } from '../manifest/documents.ts';
import { textAt } from '../printers/go-values.ts';
import { checkPool, deletePool } from './ip-pools.ts';
import type { Result } from './result.ts';
import type { Target } from './target.ts';

type AnyResource = ResourceOf<KindName>;

/** What is done to one target, with what came of it. */
export type Writer = (context: Context, target: Target) => Promise<Result>;

export interface Context {
  readonly store: Store;
  readonly clock: Clock;
}

/** How often a write whose object changed under it is tried, and the pause between, in milliseconds. */
const CONFLICT_TRIES = 5;
const CONFLICT_PAUSE = 1000;

/** One object by name, or all of the kind. */
export async function getOrList({ store }: Context, target: Target): Promise<Result> {
  const { kind, name, namespace } = target;
  if (name === '') {
    const { items, revision } = await store.list(kind, namespace === undefined ? {} : { namespace });
    return { kind, items: kind === 'Tier' ? byOrder(items) : items, revision };
  }
  return { kind, items: [await mustGet(store, target)] };
}

export async function create(context: Context, target: Target): Promise<Result> {
  refuseReadOnly('create or apply', target);
  const resource = resourceOf(target);
  const { resourceVersion } = resource.metadata;
  if (resourceVersion !== undefined && resourceVersion !== '') {
    const reason = 'field must not be set for a Create request';
    throw new ValidationError([{ name: 'Metadata.ResourceVersion', value: resourceVersion, reason }]);
  }
  const { name, labels, annotations } = resource.metadata;
  const metadata = { name, namespace: target.namespace, labels, annotations };
  const wanted = fillDefaults({ ...resource, metadata });
  if (wanted.kind === 'IPPool') await checkPool(context.store, wanted);
  return one(target, await context.store.create(wanted));
}

/**
 * Replaces an existing object: its spec wholly, its labels and annotations key by key, nothing else of its metadata.
 * A status stays unless the file has one: manifests are written without.
 */
export async function update(context: Context, target: Target): Promise<Result> {
  refuseReadOnly('apply or replace', target);
  const resource = resourceOf(target);
  const expected = resource.metadata.resourceVersion || undefined;
  for (let tries = 1; ; tries++) {
    const stored = await mustGet(context.store, target);
    if (expected !== undefined && expected !== stored.metadata.resourceVersion)
      throw new UpdateConflict(keyText(target));
    try {
      const status = resource.status ?? stored.status;
      const wanted = { ...resource, status, metadata: mergedMetadata(stored, resource) } as AnyResource;
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
  const filled = fillDefaults({ ...wanted, metadata: { ...wanted.metadata, ...identityOf(stored) } });
  if (filled.kind === 'IPPool' && stored.kind === 'IPPool') await checkPool(store, filled, stored);
  return one(target, await store.update(filled));
}

/** Creates, or replaces what is there. */
export async function apply(context: Context, target: Target): Promise<Result> {
  refuseReadOnly('apply', target, 'resource is readonly');
  const { metadata, ...raw } = target.raw ?? {};
  const fresh = { ...target, raw: { ...raw, metadata: { ...(metadata as object), resourceVersion: undefined } } };
  try {
    return await create(context, fresh);
  } catch (error) {
    if (error instanceof AlreadyExists || error instanceof OperationNotSupported) return update(context, target);
    throw error;
  }
}

export async function remove({ store, clock }: Context, target: Target): Promise<Result> {
  refuseReadOnly('delete', target);
  const { kind, name, namespace } = target;
  if (name === '') throw new CommandError('resource name may not be empty');
  const resourceVersion = textAt(target.raw, 'metadata.resourceVersion') || undefined;
  if (kind === 'IPPool') return one(target, await deletePool(store, name, clock, resourceVersion));
  return one(target, await store.delete({ kind, name, namespace }, { resourceVersion }));
}

/** The object as it is now; throws `NotFound`. */
export async function mustGet(store: Store, target: Target): Promise<AnyResource> {
  const { kind, name, namespace } = target;
  const found = await store.get({ kind, name, namespace });
  if (found === undefined) throw new NotFound(keyText(target), '<nil>');
  return found;
}

function one({ kind }: Target, resource: AnyResource): Result {
  return { kind, items: [resource] };
}

/** The resource that the file holds, checked, in the namespace that was found for it. */
function resourceOf(target: Target): AnyResource {
  return validate(rawOf(target));
}

/** The object of a file with its namespace filled in. */
export function rawOf({ raw, namespace }: Target): RawObject {
  if (raw === undefined) throw new CommandError('No resources specified');
  return { ...raw, metadata: { ...(raw['metadata'] as object | undefined), namespace } };
}

function keyText({ kind, name, namespace }: Target): string {
  return resourceKeyText(kind, name, namespace);
}

function refuseReadOnly(operation: string, target: Target, reason?: string): void {
  if (target.kind === 'ClusterInformation') throw new OperationNotSupported(operation, 'ClusterInformation', reason);
}

function mergedMetadata(stored: AnyResource, wanted: AnyResource): AnyResource['metadata'] {
  const merge = (key: 'labels' | 'annotations'): Readonly<Record<string, string>> | undefined =>
    stored.metadata[key] || wanted.metadata[key] ? { ...stored.metadata[key], ...wanted.metadata[key] } : undefined;
  return { ...stored.metadata, labels: merge('labels'), annotations: merge('annotations') };
}

/** What a writer may not change. */
function identityOf({
  metadata,
}: AnyResource): Pick<AnyResource['metadata'], 'name' | 'namespace' | 'resourceVersion'> {
  const { name, namespace, resourceVersion } = metadata;
  return { name, namespace, resourceVersion };
}

/** Tiers in the order in which they apply; those without an order last. */
function byOrder(tiers: readonly AnyResource[]): readonly AnyResource[] {
  const order = (tier: AnyResource): number => (tier.kind === 'Tier' && tier.spec.order) || Number.POSITIVE_INFINITY;
  return tiers.toSorted((a, b) => (order(a) === order(b) ? 0 : order(a) - order(b)));
}
