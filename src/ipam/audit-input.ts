import { formatAddress, tryParseAddress, tryParseInterfaceAddress } from '../base/index.ts';
import type { Store } from '../datastore/index.ts';
import type {
  BlockAffinity,
  IPAMBlock,
  IPAMHandle,
  KubernetesService,
  Node,
  WorkloadEndpoint,
} from '../model/index.ts';
import { handleOf } from './handle.ts';
import { loadBalancerAllocations } from './load-balancer.ts';
import { allows, type Pool, poolOf, readPools } from './pools.ts';

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
  /** Milliseconds since 1970; absent: what lies in the future is not looked for. */
  readonly wallTime?: number;
}

/** Reads everything. The parts are read one after another, so what is under way may look half-done. */
export async function readAuditInput(store: Store): Promise<AuditInput> {
  const endpoints = (await store.list('WorkloadEndpoint')).items;
  const nodes = (await store.list('Node')).items;
  const [affinities, blocks, handles, pools] = [
    (await store.list('BlockAffinity')).items,
    (await store.list('IPAMBlock')).items,
    (await store.list('IPAMHandle')).items,
    (await store.list('IPPool')).items,
  ];
  const known = store.services && (await store.list('KubernetesService')).items;
  const read = readPools(pools);
  return {
    pools: read,
    blocks,
    affinities,
    handles,
    nodes: nodes.map(({ metadata }) => metadata.name),
    uses: [...usesOfEndpoints(endpoints), ...usesOfNodes(nodes), ...usesOfServices(known, blocks, read)],
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

/**
 * Services of type LoadBalancer use what is given out to them, and what their status shows of our pools. Where nobody knows of
 * Services, all that is given out is taken to be in use.
 */
export function usesOfServices(
  services: readonly KubernetesService[] | undefined,
  blocks: readonly IPAMBlock[],
  pools: readonly Pool[],
): Use[] {
  const ours = pools.filter((pool) => allows(pool, 'LoadBalancer'));
  const given = blocks.flatMap((block) => loadBalancerAllocations(block));
  const uses = new Map<string, Use>();
  const note = (address: string, owner: string): unknown =>
    uses.set(`${address} ${owner}`, { address, kind: 'load-balancer', owner });
  const handles = new Set<string>();
  for (const { metadata, spec } of services ?? []) {
    if (spec.type !== 'LoadBalancer') continue;
    const { name, namespace = 'default', uid = '' } = metadata;
    handles.add(handleOf.loadBalancer(name, namespace, uid));
    for (const text of spec.loadBalancerIPs) {
      const at = tryParseAddress(text);
      if (at !== undefined && poolOf(ours, at) !== undefined) note(formatAddress(at), `${namespace}/${name}`);
    }
  }
  for (const { address, handleId = '', service = 'LoadBalancer' } of given) {
    if (services === undefined || handles.has(handleId)) note(formatAddress(address), service);
  }
  return [...uses.values()];
}
