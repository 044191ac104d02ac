import { type FieldError, type KindName, type ResourceOf, ValidationError, validateAs } from '../model/index.ts';
import type { Store } from './store.ts';
import { wrapped } from './wrapped.ts';

/**
 * The store, for a daemon that never writes an object which `calicoctl` would refuse: all nodes would leave it out.
 * Rejects with `ValidationError` instead. What others have stored that breaks the rules is theirs to mend: it does not
 * keep us from writing what is ours beside it.
 */
export function checkedStore(store: Store): Store {
  return wrapped(store, {
    create: async (resource) => {
      const wrong = faults(resource);
      if (wrong.length > 0) throw new ValidationError(wrong);
      return store.create(resource);
    },
    update: async (resource) => {
      const wrong = faults(resource);
      if (wrong.length > 0) {
        const { kind, metadata } = resource;
        const found = await store.get({ kind, name: metadata.name, namespace: metadata.namespace });
        const known = new Set(found === undefined ? [] : faults(found as ResourceOf<KindName>).map(nameOf));
        const ours = wrong.filter((fault) => !known.has(nameOf(fault)));
        if (ours.length > 0) throw new ValidationError(ours);
      }
      return store.update(resource);
    },
  });
}

/**
 * Names that others have given: a node is called as its host is, in capitals too; a container as its runtime has it.
 */
const GIVEN = ['Metadata.Name', 'ContainerID'];

/** The faults in it that are ours to mend. */
function faults(resource: ResourceOf<KindName>): readonly FieldError[] {
  try {
    validateAs(resource.kind, resource);
    return [];
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error;
    return error.fields.filter(({ name }) => !GIVEN.includes(name));
  }
}

function nameOf({ name }: FieldError): string {
  return name;
}
