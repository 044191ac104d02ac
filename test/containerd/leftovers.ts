import type { Test } from 'tap';
import { openStore, type Store } from '../../src/datastore/index.ts';
import { audit, readAuditInput } from '../../src/ipam/index.ts';
import { mustRun } from '../../src/lab/command.ts';
import type { Lab } from '../../src/lab/index.ts';

/** Watches the cluster's objects from outside, as another process. */
export async function withStore<T>(lab: Lab, look: (store: Store) => Promise<T>): Promise<T> {
  const store = await openStore({ type: 'sqlite', path: lab.record.plan.datastore });
  try {
    return await look(store);
  } finally {
    await store.close();
  }
}

/** What is left in a cluster without pods: interfaces, routes, objects in the store. Empty is good. */
export async function leftovers(lab: Lab): Promise<string[]> {
  const found: string[] = await withStore(lab, async (store) => {
    const input = await readAuditInput(store);
    const { findings, allocations } = audit(input);
    const names = (await store.list('WorkloadEndpoint')).items.map(({ metadata }) => `endpoint ${metadata.name}`);
    return [
      ...findings.map(({ code, subject }) => `${code} ${subject}`),
      ...allocations.map(({ address, handle }) => `address ${address} of ${handle}`),
      ...input.handles.map(({ spec }) => `handle ${spec.handleID}`),
      ...names,
    ];
  });
  for (const node of lab.nodes) {
    const links = await mustRun(['ip', '-n', node.namespace, '-o', 'link', 'show', 'type', 'veth']);
    const routes = await lab.routes(node.name);
    found.push(
      ...links.split('\n').filter((line) => line.includes(': cali')),
      ...routes.filter((route) => route.includes('dev cali')),
    );
  }
  return found;
}

/** Looks until `left` finds nothing, and says what it was if that takes too long. */
export async function untilNothingIsLeft(t: Test, lab: Lab, left: () => Promise<string[]>): Promise<void> {
  const looked = lab.until('nothing to be left', async () => {
    const found = await left();
    if (found.length > 0) throw new Error(found.join('\n'));
    return true;
  });
  await t.resolves(looked, 'nothing is left');
}
