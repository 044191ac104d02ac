import type { Store } from '../datastore/index.ts';
import { type FieldError, type KindName, type ResourceOf, ValidationError, validateAs } from '../model/index.ts';

/**
 * The store, for a daemon that never writes an object which `calicoctl` would refuse: all nodes would leave it out.
 * Rejects with `ValidationError` instead. What others have stored that breaks the rules is theirs to mend: it does not
 * keep us from writing what is ours beside it.
 */
export function checkedStore(store: Store): Store {
  return {
    history: store.history,
    conditions: store.conditions,
    remarks: store.remarks,
    kubernetesPolicies: store.kubernetesPolicies,
    get: (key) => store.get(key),
    list: (kind, options) => store.list(kind, options),
    create: async (resource) => {
      const [first] = faults(resource);
      if (first !== undefined) throw new ValidationError(faults(resource));
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
    delete: (key, precondition) => store.delete(key, precondition),
    watch: (kind, revision, signal) => store.watch(kind, revision, signal),
    close: () => store.close(),
  };
}

/** What is wrong with it. */
function faults(resource: ResourceOf<KindName>): readonly FieldError[] {
  try {
    validateAs(resource.kind, resource, { names: 'runtime' });
    return [];
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error;
    return error.fields;
  }
}

function nameOf({ name }: FieldError): string {
  return name;
}
