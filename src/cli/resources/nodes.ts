import { tryParseInterfaceAddress } from '../../base/index.ts';
import { NotFound, OperationNotSupported, type ResourceKey, UpdateConflict } from '../../datastore/index.ts';
import { Ipam } from '../../ipam/index.ts';
import { type Node, resourceKeyText } from '../../model/index.ts';
import type { Context } from './context.ts';

/**
 * Removes a node with all that is only there for its sake, as Calico's client does: its endpoints, its addresses and
 * blocks, its peers, its own settings and its host endpoints. Kubernetes' nodes belong to Kubernetes.
 */
export async function deleteNode(context: Context, name: string, resourceVersion?: string): Promise<Node> {
  const { store, datastoreType } = context;
  const key = { kind: 'Node', name } as const;
  if (datastoreType === 'kubernetes') return store.delete(key, { resourceVersion });
  const node = await store.get(key);
  if (resourceVersion !== undefined && resourceVersion !== node?.metadata.resourceVersion) {
    throw new UpdateConflict(resourceKeyText('Node', name));
  }
  const endpoints = (await store.list('WorkloadEndpoint')).items.filter(({ spec }) => spec.node === name);
  const addresses = [...endpoints.flatMap(({ spec }) => spec.ipNetworks ?? []), ...tunnelAddresses(node)];
  await releaseAll(context, name, addresses);
  for (const { metadata } of endpoints) {
    await gone(context, { kind: 'WorkloadEndpoint', name: metadata.name, namespace: metadata.namespace });
  }
  for (const kind of ['BGPPeer', 'HostEndpoint'] as const) {
    const { items } = await store.list(kind);
    for (const { metadata } of items.filter(({ spec }) => spec.node === name)) {
      await gone(context, { kind, name: metadata.name });
    }
  }
  for (const kind of ['FelixConfiguration', 'BGPConfiguration'] as const) {
    await gone(context, { kind, name: `node.${name}` });
  }
  return store.delete(key);
}

function tunnelAddresses(node: Node | undefined): readonly string[] {
  const { bgp, ipv4VXLANTunnelAddr, ipv6VXLANTunnelAddr, wireguard } = node?.spec ?? {};
  const { interfaceIPv4Address, interfaceIPv6Address } = wireguard ?? {};
  return [
    bgp?.ipv4IPIPTunnelAddr,
    ipv4VXLANTunnelAddr,
    ipv6VXLANTunnelAddr,
    interfaceIPv4Address,
    interfaceIPv6Address,
  ].filter((address) => address !== undefined);
}

async function releaseAll({ store, clock }: Context, name: string, addresses: readonly string[]): Promise<void> {
  const ipam = new Ipam({ store, clock });
  const found = addresses.map(tryParseInterfaceAddress).filter((at) => at !== undefined);
  await ipam.releaseIps(found.map(({ address }) => ({ address })));
  await ipam.removeHost(name);
}

async function gone({ store }: Context, key: ResourceKey): Promise<void> {
  try {
    await store.delete(key);
  } catch (error) {
    if (!(error instanceof NotFound || error instanceof OperationNotSupported)) throw error;
  }
}
