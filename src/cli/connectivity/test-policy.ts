import { reasonOf } from '../../base/index.ts';
import type { Store } from '../../datastore/index.ts';
import { newResource } from '../../model/index.ts';
import { OPEN_PORT } from './probe.ts';

const NAME = 'default.vrouter-test';

/** Protects the policed pods of a namespace: clients of the test may come to one port, and nobody to another. */
export async function makeTestPolicy(store: Store, namespace: string): Promise<void> {
  await removeTestPolicy(store, namespace);
  await store.create(
    newResource('NetworkPolicy', { name: NAME, namespace }, {
      selector: "vrouter-test == 'policed'",
      types: ['Ingress'],
      ingress: [
        {
          action: 'Allow',
          protocol: 'TCP',
          source: { selector: "vrouter-test == 'client'" },
          destination: { ports: [OPEN_PORT] },
        },
      ],
    } as never),
  );
}

export async function removeTestPolicy(store: Store, namespace: string): Promise<void> {
  // It may never have been made.
  await store.delete({ kind: 'NetworkPolicy', namespace, name: NAME }).catch(reasonOf);
}
