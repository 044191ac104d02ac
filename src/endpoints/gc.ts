import type { Store } from '../datastore/index.ts';
import type { WorkloadEndpoint } from '../model/index.ts';

/** A container of this node that has an address and that its runtime does not know any more. */
export interface Stale {
  readonly handle: string;
  readonly endpoint: WorkloadEndpoint | undefined;
}

/**
 * The endpoints of a network on a node beyond the containers that are in use. A network is known by the handles of its
 * addresses (`<network>.<container>`): endpoints of other networks, and of other IPAM, are left alone.
 */
export async function staleContainers(
  store: Store,
  nodename: string,
  network: string,
  valid: readonly { readonly containerId: string }[],
): Promise<readonly Stale[]> {
  const inUse = new Set(valid.map(({ containerId }) => `${network}.${containerId}`));
  const blocks = (await store.list('IPAMBlock')).items;
  const handles = new Set<string>();
  for (const { spec } of blocks) {
    for (const { handle_id: handle, secondary } of spec.attributes) {
      if (handle?.startsWith(`${network}.`) && secondary?.['node'] === nodename) handles.add(handle);
    }
  }
  const endpoints = (await store.list('WorkloadEndpoint')).items.filter(({ spec }) => spec.node === nodename);
  const ownerOf = new Map(endpoints.map((endpoint) => [`${network}.${endpoint.spec.containerID}`, endpoint]));
  return [...handles]
    .filter((handle) => !inUse.has(handle))
    .map((handle) => ({ handle, endpoint: ownerOf.get(handle) }));
}
