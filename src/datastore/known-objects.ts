import { definitionOf, type KindName, type ResourceOf } from '../model/index.ts';
import type { ResourceKey } from './store.ts';

/** The stored version of an object, and the one that has been delivered. */
export interface KnownObject {
  /** Undefined when any version that comes is news. */
  readonly version: string | undefined;
  /** `passed`: it has been delivered, and whoever got it has all that is needed of it. */
  readonly resource: ResourceOf<KindName> | 'passed' | undefined;
  /** We have written, or deleted, it ourselves, and the store has not told of that yet: what is older is no news. */
  readonly own?: 'written' | 'deleted';
}

/** The mark of a version that is not known. */
const NO_VERSION = '';

/**
 * The known objects of a kind, by key. Of those that have been passed on, in a large cluster nearly all, only the
 * version is kept.
 */
export class KnownObjects {
  readonly #objects = new Map<string, KnownObject | string>();

  get size(): number {
    return this.#objects.size;
  }

  keys(): IterableIterator<string> {
    return this.#objects.keys();
  }

  get(key: string): KnownObject | undefined {
    const found = this.#objects.get(key);
    return typeof found === 'string' ? { version: found || undefined, resource: 'passed' } : found;
  }

  set(key: string, known: KnownObject): void {
    const isPassed = known.resource === 'passed' && known.own === undefined;
    this.#objects.set(key, isPassed ? (known.version ?? NO_VERSION) : known);
  }

  delete(key: string): void {
    this.#objects.delete(key);
  }

  /** Versions of a store that has gone back say nothing: it gives the same one to something else. */
  forgetVersions(): void {
    for (const [key, known] of this.#objects) {
      this.#objects.set(key, typeof known === 'string' ? NO_VERSION : { resource: known.resource, version: undefined });
    }
  }
}

/** `name`, or `namespace/name`. A namespace has no `/`; of kinds that have none, a name may. */
export function nameOf({ metadata: { namespace, name } }: ResourceOf<KindName>): string {
  return namespace ? `${namespace}/${name}` : name;
}

export function keyNamed(kind: KindName, text: string): ResourceKey {
  const at = definitionOf(kind).namespaced ? text.indexOf('/') : -1;
  return { kind, name: text.slice(at + 1), namespace: at > 0 ? text.slice(0, at) : undefined };
}
