import { formatAddress, tryParseAddress, tryParseInterfaceAddress } from '../base/index.ts';
import type { Store } from '../datastore/index.ts';
import type { BlockAffinity, IPAMBlock, IPAMHandle, Node, WorkloadEndpoint } from '../model/index.ts';
import { type Pool, readPools } from './pools.ts';

/** Somebody who uses an address, by their own word. */
export interface Use {
  readonly address: string;
  readonly kind: 'workload' | 'tunnel' | 'load-balancer';
  /** `Workload(default/pod-1)`, `Node(node1) IPIP tunnel`. */
  readonly owner: string;
}

/** All that an audit compares: what IPAM says, and what others say they use. */
export interface AuditInput {
  readonly pools: readonly Pool[];
  readonly blocks: readonly IPAMBlock[];
  readonly affinities: readonly BlockAffinity[];
  readonly handles: readonly IPAMHandle[];
  readonly nodes: readonly string[];
  readonly uses: readonly Use[];
}

/** Reads everything. The parts are read one after another, so what is under way may look half-done. */
export async function readAuditInput(store: Store, others: readonly Use[] = []): Promise<AuditInput> {
  const endpoints = (await store.list('WorkloadEndpoint')).items;
  const nodes = (await store.list('Node')).items;
  const [affinities, blocks, handles, pools] = [
    (await store.list('BlockAffinity')).items,
    (await store.list('IPAMBlock')).items,
    (await store.list('IPAMHandle')).items,
    (await store.list('IPPool')).items,
  ];
  return {
    pools: readPools(pools),
    blocks,
    affinities,
    handles,
    nodes: nodes.map(({ metadata }) => metadata.name),
    uses: [...usesOfEndpoints(endpoints), ...usesOfNodes(nodes), ...others],
  };
}

export function usesOfEndpoints(endpoints: readonly WorkloadEndpoint[]): Use[] {
  return endpoints.flatMap(({ metadata, spec }) =>
    (spec.ipNetworks ?? []).flatMap((network): Use[] => {
      const at = tryParseInterfaceAddress(network)?.address;
      const name = spec.pod ?? spec.workload ?? metadata.name;
      const owner = `Workload(${metadata.namespace ?? 'default'}/${name})`;
      return at === undefined ? [] : [{ address: formatAddress(at), kind: 'workload', owner }];
    }),
  );
}

export function usesOfNodes(nodes: readonly Node[]): Use[] {
  return nodes.flatMap(({ metadata: { name }, spec }) => {
    const tunnels: readonly (readonly [text: string | undefined, what: string])[] = [
      [spec.bgp?.ipv4IPIPTunnelAddr, 'IPIP'],
      [spec.ipv4VXLANTunnelAddr, 'VXLAN'],
      [spec.ipv6VXLANTunnelAddr, 'VXLAN (IPv6)'],
      [spec.wireguard?.interfaceIPv4Address, 'WireGuard'],
      [spec.wireguard?.interfaceIPv6Address, 'WireGuard (IPv6)'],
    ];
    return tunnels.flatMap(([text, what]): Use[] => {
      const at = text === undefined ? undefined : tryParseAddress(text);
      if (at === undefined) return [];
      return [{ address: formatAddress(at), kind: 'tunnel', owner: `Node(${name}) ${what} tunnel` }];
    });
  });
}
