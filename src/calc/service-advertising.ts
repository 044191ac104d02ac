import {
  containsAddress,
  type Entries,
  formatPrefix,
  hostPrefix,
  parsePrefix,
  tryParseAddress,
} from '../base/index.ts';
import type { KubernetesService } from '../model/index.ts';
import type { Announcement } from './desired/index.ts';
import type { ServiceRanges } from './service-ranges.ts';
import type { ServiceVerdict } from './service-routes.ts';

/** An address of a Service, and whether this node tells its peers of it: for people. */
export interface AdvertisedAddress {
  /** `namespace/name`. */
  readonly service: string;
  readonly address: string;
  readonly of: 'cluster' | 'external' | 'load balancer';
  /** What is announced of it: itself, or the range that it is in; undefined: nothing. */
  readonly announced: string | undefined;
  readonly why: string;
}

export interface ServiceAdvertising {
  readonly services: Entries<KubernetesService>;
  /** Undefined: this node announces no Services. */
  readonly ranges: ServiceRanges | undefined;
  readonly isExcluded: boolean;
  /** Ranges that this node announces whole. */
  readonly whole: readonly Announcement[];
  readonly verdictOf: (key: string, service: KubernetesService) => ServiceVerdict;
}

const FIELDS = {
  cluster: 'serviceClusterIPs',
  external: 'serviceExternalIPs',
  'load balancer': 'serviceLoadBalancerIPs',
} as const;

/** Each address of each Service, whether it is announced by this node, and why or why not. */
export function advertisedAddresses(given: ServiceAdvertising): readonly AdvertisedAddress[] {
  return [...given.services].flatMap(([service, resource]) => {
    const { clusterIPs, externalIPs, loadBalancerIPs } = resource.spec;
    const all = { cluster: clusterIPs, external: externalIPs, 'load balancer': loadBalancerIPs } as const;
    return (Object.keys(all) as (keyof typeof all)[]).flatMap((of) =>
      all[of].flatMap((address) => {
        const cidr = cidrOf(address);
        return cidr === undefined ? [] : [{ service, address, of, ...told(given, { service, resource, of, cidr }) }];
      }),
    );
  });
}

interface Asked {
  readonly service: string;
  readonly resource: KubernetesService;
  readonly of: AdvertisedAddress['of'];
  readonly cidr: string;
}

function told(
  { ranges, isExcluded, whole, verdictOf }: ServiceAdvertising,
  { service, resource, of, cidr }: Asked,
): Pick<AdvertisedAddress, 'announced' | 'why'> {
  const no = (why: string) => ({ announced: undefined, why });
  if (isExcluded) return no('this node has the label node.kubernetes.io/exclude-from-external-load-balancers');
  const listed = ranges === undefined ? [] : of === 'load balancer' ? ranges.loadBalancer : ranges[of];
  const field = `${FIELDS[of]} (BGPConfiguration default)`;
  if (listed.length === 0) return no(`${field} lists no range`);
  // As Calico has it, a cluster address goes out by itself whatever the range.
  if (of !== 'cluster' && !listed.some((range) => isInside(range, cidr))) return no(`in no range of ${field}`);
  const range = whole.find((one) => isInside(one.cidr, cidr))?.cidr;
  const { announces, why } = verdictOf(service, resource);
  if (announces) return { announced: cidr, why };
  if (range !== undefined) return { announced: range, why: `inside a range of ${field}; by itself not: ${why}` };
  return no(why);
}

function cidrOf(text: string): string | undefined {
  const address = tryParseAddress(text);
  return address && formatPrefix(hostPrefix(address));
}

function isInside(range: string, cidr: string): boolean {
  const address = tryParseAddress(cidr.replace(/\/\d+$/, ''));
  return address !== undefined && containsAddress(parsePrefix(range), address);
}
