import { formatPrefix, tryParsePrefix } from '../base/index.ts';
import type { Store } from '../datastore/index.ts';

/** Where kubeadm keeps its answers, and Rancher its own. */
const KUBEADM = 'kubeadm-config';
const RANCHER = 'full-cluster-state';

/** The words for those that set the cluster up, as they stand in ClusterInformation's `clusterType`. */
export async function installers({ configMaps }: Store): Promise<readonly string[]> {
  const [kubeadm, rancher] = await Promise.all([KUBEADM, RANCHER].map((name) => configMaps?.get(name)));
  return [...(kubeadm === undefined ? [] : ['kubeadm']), ...(rancher === undefined ? [] : ['rancher'])];
}

/** The CIDR for pods, one of each family, that kubeadm was given. */
export interface PodSubnets {
  readonly ipv4?: string | undefined;
  readonly ipv6?: string | undefined;
}

export async function podSubnets({ configMaps }: Store): Promise<PodSubnets> {
  return podSubnetsOf((await configMaps?.get(KUBEADM)) ?? {});
}

/** As Calico reads them: the first line `podSubnet: CIDR,CIDR` of any text; none where one of them is no CIDR. */
export function podSubnetsOf(texts: Readonly<Record<string, string>>): PodSubnets {
  const line = Object.values(texts).flatMap((text) => /podSubnet: (.*)/.exec(text)?.[1] ?? [])[0];
  const cidrs = line?.split(',').map(tryParsePrefix) ?? [];
  if (cidrs.includes(undefined)) return {};
  const [ipv4, ipv6] = ([4, 6] as const).map((family) => cidrs.find((cidr) => cidr?.family === family));
  return { ipv4: ipv4 && formatPrefix(ipv4), ipv6: ipv6 && formatPrefix(ipv6) };
}
