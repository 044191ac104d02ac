import { type Entries, type Family, formatAddress, hostCidr, tryParseAddress } from '../base/index.ts';
import { type BGPPeer, evaluate, type Selector, type WorkloadEndpoint } from '../model/index.ts';
import { type Here, withSettings } from './bgp-peers.ts';
import type { DesiredPeer } from './desired/index.ts';
import { asNumber, type Configurations, DEFAULT_PORT } from './node-bgp.ts';

/** The address that pods find the node's BGP at, of a family; undefined where there is none. */
function peeringAddress(configurations: Configurations, family: Family): string | undefined {
  const { localWorkloadPeeringIPV4: four, localWorkloadPeeringIPV6: six } = configurations.get('default')?.spec ?? {};
  const parsed = tryParseAddress((family === 4 ? four : six) ?? '');
  return parsed && formatAddress(parsed);
}

/** The sessions with this node's pods that a BGPPeer's `localWorkloadSelector` selects: they come to the peering address. */
export function localPeers(
  here: Here,
  resource: BGPPeer,
  selector: Selector,
  pods: Iterable<WorkloadEndpoint>,
): DesiredPeer[] {
  const { spec, metadata } = resource;
  const asn = asNumber(spec.asNumber);
  const localAsn = asNumber(spec.localASNumber);
  if (asn === undefined) return [];
  return [...pods]
    .filter(({ spec: { interfaceName }, metadata: { labels } }) => interfaceName && evaluate(selector, labels ?? {}))
    .flatMap(({ spec: { ipNetworks } }) => ipNetworks ?? [])
    .flatMap((cidr): DesiredPeer[] => {
      const address = tryParseAddress(cidr.split('/')[0]);
      if (address === undefined) return [];
      const localAddress = peeringAddress(here.configurations, address.family);
      if (localAddress === undefined) return [];
      const { localAddress: _, ...peer } = withSettings(here, undefined, spec, {
        address: formatAddress(address),
        port: DEFAULT_PORT,
        asn,
        name: metadata.name,
        type: 'local workload',
        ...(localAsn !== undefined && { localAsn }),
      });
      return [{ ...peer, localAddress, passive: true }];
    });
}

/** The node's end of the sessions with its pods, as CIDR, by the pod's address. */
export class LocalEnds {
  readonly #ends = new Map<string, string>();
  #seen: Entries<DesiredPeer> | undefined;
  #told: ReadonlyMap<string, string> = new Map();

  /** The same map as before while none has come or gone. */
  run(peers: Entries<DesiredPeer>): ReadonlyMap<string, string> {
    let isOther = false;
    for (const [, now, before] of peers.since(this.#seen)) {
      if (before?.passive) isOther = this.#ends.delete(before.address) || isOther;
      if (!now?.passive || now.localAddress === undefined) continue;
      this.#ends.set(now.address, hostCidr(now.localAddress));
      isOther = true;
    }
    this.#seen = peers;
    if (isOther) this.#told = new Map(this.#ends);
    return this.#told;
  }
}
