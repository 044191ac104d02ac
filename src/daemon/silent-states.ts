import { containsAddress, few, type Prefix, parsePrefix, tryParsePrefix } from '../base/index.ts';
import type { Desired, DesiredWorkload } from '../calc/index.ts';
import type { KindStatus } from '../datastore/index.ts';

/** States in which nothing fails, and something is wrong all the same: each a sentence with what to do. Pure. */

/**
 * Pods of ours whose block, any of the cluster's, no pool covers any more: nothing is translated, tunnelled or
 * announced for them as it was. Pods outside all blocks have their addresses from elsewhere.
 */
export function poolless(
  { workloads, pools }: Pick<Desired, 'workloads' | 'pools'>,
  blocks: readonly Prefix[],
): string[] {
  const covers = pools.map(({ cidr }) => parsePrefix(cidr));
  const orphaned = blocks.filter(
    (block) => !covers.some((pool) => pool.family === block.family && containsAddress(pool, block)),
  );
  if (orphaned.length === 0) return [];
  const pods = workloads.filter(({ addresses }) =>
    addresses.some((cidr) => {
      const at = tryParsePrefix(cidr);
      return at !== undefined && orphaned.some((block) => containsAddress(block, at));
    }),
  );
  if (pods.length === 0) return [];
  const named = few(pods.map(({ key, addresses }) => `${key} (${addresses.join(', ')})`));
  return [`no IP pool covers the addresses of living pods: ${named}. Make the pool again, or make these pods anew`];
}

/** An API server without what says where a Service's pods are; it is asked for again now and then. */
export function sliceless(kinds: readonly Pick<KindStatus, 'kind' | 'status' | 'age'>[]): string[] {
  const isAbsent = kinds.some(
    ({ kind, status, age }) => kind === 'KubernetesEndpointSlice' && status === 'in-sync' && age === undefined,
  );
  if (!isAbsent) return [];
  return [
    'the cluster has no EndpointSlices (discovery.k8s.io/v1): rules that name Services match nobody, and no Service counts as ' +
      'having pods on a node. Kubernetes 1.21 and later have them',
  ];
}

/** Pods whose interface somebody has removed under them. */
export function withoutInterface(missing: readonly DesiredWorkload[]): string[] {
  if (missing.length === 0) return [];
  const named = few(missing.map(({ key, interfaceName }) => `${interfaceName} of ${key}`));
  return [
    `interfaces of pods are missing: ${named}. Somebody has removed them, or the node has restarted: make the pods anew`,
  ];
}

/** Interfaces that look like pods' and are nobody's. */
export function withoutEndpoint(names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const [first] = names;
  return [
    `interfaces without an endpoint of this node: ${few(names)}. If no container uses them, remove them: ip link delete ${first}`,
  ];
}

/** kube-proxy's in IPVS mode: it has the addresses of all Services, on every node. */
const IPVS_DEVICE = 'kube-ipvs0';

/** Services that this node should answer for on its subnets, where every node has their addresses. */
export function ipvsBeside(
  reachability: Desired['reachability'],
  links: Iterable<{ readonly name: string }>,
): readonly string[] {
  if (![...links].some(({ name }) => name === IPVS_DEVICE)) return [];
  const answered = [...(reachability?.addresses.values() ?? [])].filter(({ of }) => of === 'service');
  if (answered.length === 0) return [];
  return [
    `localSubnetL2Reachability has no effect on Services: kube-proxy is in IPVS mode, in which every node has ${few(answered.map(({ address }) => address))} on ${IPVS_DEVICE} and answers ARP for them, or with strictARP none does. Set kube-proxy's mode to nftables or iptables, or announce the addresses by BGP`,
  ];
}

/** The least MTU of a link for IPv6 (RFC 8200 §5), and the size that every IPv4 host must take (RFC 791), plus one. */
const LEAST = { 4: 577, 6: 1280 } as const;

/** An MTU that leaves no room. `uplink`: the link that sets it. */
export function narrowMtu(mtu: number, families: ReadonlySet<4 | 6>, uplink: string | undefined): string[] {
  const family = families.has(6) ? 6 : 4;
  if (mtu >= LEAST[family]) return [];
  const need = family === 6 ? 'IPv6 works from 1280 on' : 'that is less than most networks carry';
  const cause = uplink === undefined ? 'the host’s links' : `the link ${uplink}`;
  return [`new pods get an MTU of ${mtu}, and ${need}: raise that of ${cause}, or leave it out with mtuIfacePattern`];
}
