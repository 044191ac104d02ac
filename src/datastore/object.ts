import { randomUUID } from 'node:crypto';
import type { Clock } from '../base/index.ts';
import { isKubernetesKind, type KindName, parseJson, type ResourceOf, resourceKeyText } from '../model/index.ts';
import { OperationNotSupported, UpdateConflict } from './errors.ts';
import type { ListOptions, Precondition, ResourceKey } from './store.ts';

/** The key of a resource. */
export function keyOf<Kind extends KindName>(resource: ResourceOf<Kind>): ResourceKey<Kind> {
  const { kind, metadata } = resource;
  return { kind: kind as Kind, name: metadata.name, namespace: metadata.namespace || undefined };
}

/** As messages name it: `IPPool(name)`. */
export function keyText(key: ResourceKey): string {
  return resourceKeyText(key.kind, key.name, key.namespace);
}

/**
 * Adds what a store gives to an object that it accepts: a UID and the time of creation. The revision is kept beside it.
 * No store accepts one that Kubernetes makes.
 */
export function stamped<Kind extends KindName>(
  resource: ResourceOf<Kind>,
  was: ResourceOf<Kind> | undefined,
  wallTime: number,
): ResourceOf<Kind> {
  if (isKubernetesKind(resource.kind)) {
    throw new OperationNotSupported(was === undefined ? 'create' : 'update', keyText(keyOf(resource)));
  }
  const { resourceVersion: _, ...metadata } = resource.metadata;
  const uid = was?.metadata.uid ?? metadata.uid ?? randomUUID();
  const creationTimestamp = was?.metadata.creationTimestamp ?? timestamp(wallTime);
  return { ...resource, metadata: { ...metadata, uid, creationTimestamp } };
}

/** RFC 3339 in seconds, as Kubernetes writes it. */
export function timestamp(wallTime: number): string {
  return `${new Date(wallTime).toISOString().slice(0, 19)}Z`;
}

/** The resource again, at `revision`. */
export function atRevision<Kind extends KindName>(resource: ResourceOf<Kind>, revision: string): ResourceOf<Kind> {
  return { ...resource, metadata: { ...resource.metadata, resourceVersion: revision } };
}

/** Reads stored text; `revision` becomes its resourceVersion. The text is one that an engine wrote. */
export function readText<Kind extends KindName>(text: string, revision: string): ResourceOf<Kind> {
  const resource = parseJson(text) as { metadata: { resourceVersion?: string } };
  // The object has just been parsed, and is nobody else's.
  resource.metadata.resourceVersion = revision;
  return resource as ResourceOf<Kind>;
}

/**
 * The object in the store that `next` is to replace, as far as a write has to know it. Whoever has read the object at
 * this revision brings that along: then nothing is parsed. `UpdateConflict` if `next` was made from another revision.
 */
export function replacedBy<Kind extends KindName>(
  next: ResourceOf<Kind>,
  text: string,
  revision: string,
): ResourceOf<Kind> {
  const { uid, creationTimestamp, resourceVersion } = next.metadata;
  checkPrecondition(keyOf(next), { metadata: { resourceVersion: revision } }, { resourceVersion });
  const brings = (field: string, value: string | undefined): boolean =>
    value !== undefined && text.includes(`"${field}":${JSON.stringify(value)}`);
  if (resourceVersion && brings('uid', uid) && brings('creationTimestamp', creationTimestamp)) return next;
  return readText<Kind>(text, revision);
}

/** Throws `UpdateConflict` unless what is stored is what the writer expects. An absent expectation always holds. */
export function checkPrecondition(
  key: ResourceKey,
  stored: { readonly metadata: Precondition },
  expected: Precondition | undefined,
): void {
  for (const field of ['resourceVersion', 'uid'] as const) {
    const wanted = expected?.[field];
    if (wanted !== undefined && wanted !== '' && wanted !== stored.metadata[field])
      throw new UpdateConflict(keyText(key));
  }
}

export function matches(resource: ResourceOf<KindName>, { namespace, labels }: ListOptions): boolean {
  if (namespace !== undefined && resource.metadata.namespace !== namespace) return false;
  return Object.entries(labels ?? {}).every(([name, value]) => resource.metadata.labels?.[name] === value);
}

/** Does `action` for each item, and lets others have the event loop in between: ten thousand blocks take a second. */
export async function eachGently<Item>(
  items: Iterable<Item>,
  clock: Clock,
  action: (item: Item) => void,
): Promise<void> {
  let done = 0;
  for (const item of items) {
    if (done > 0 && done % 200 === 0) await othersTurn(clock);
    action(item);
    done++;
  }
}

/** Whoever else has something to do on the event loop does it now. */
export async function othersTurn(clock: Clock): Promise<void> {
  await new Promise<void>((resolve) => void clock.soon(resolve));
}

/**
 * The items in their order, each let go of as it is taken, so that the array is empty in the end: a listing's texts
 * need not outlive what was read from them.
 */
export function* taken<Item>(items: Item[]): Iterable<Item> {
  items.reverse();
  while (items.length > 0) yield items.pop()!;
}

/** The order of listings. */
export function byName(a: ResourceOf<KindName>, b: ResourceOf<KindName>): number {
  const left = `${a.metadata.namespace ?? ''}/${a.metadata.name}`;
  const right = `${b.metadata.namespace ?? ''}/${b.metadata.name}`;
  return left < right ? -1 : left > right ? 1 : 0;
}
