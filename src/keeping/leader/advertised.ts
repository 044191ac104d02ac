import { containsAddress, type Prefix, tryParseAddress, tryParsePrefix } from '../../base/index.ts';
import type { ServiceCondition, Update } from '../../datastore/index.ts';
import { allows, type Pool, poolOf } from '../../ipam/index.ts';
import type { BGPConfiguration, FelixConfiguration, KubernetesService } from '../../model/index.ts';

/** By what ways addresses of load balancers are told to the outside, as the cluster's settings have it. */
export class AdvertisedWays {
  #ranges: readonly Prefix[] = [];
  #onSubnets = false;

  /** Takes in a syncer's batch; whether anything follows from it. */
  apply(batch: readonly Update[]): boolean {
    let isNew = false;
    for (const { key, resource } of batch) {
      if (key.name !== 'default') continue;
      if (key.kind === 'BGPConfiguration') {
        const { serviceLoadBalancerIPs = [] } = (resource as BGPConfiguration | undefined)?.spec ?? {};
        this.#ranges = serviceLoadBalancerIPs.flatMap(({ cidr = '' }) => tryParsePrefix(cidr) ?? []);
        isNew = true;
      } else if (key.kind === 'FelixConfiguration') {
        const { localSubnetL2Reachability } = (resource as FelixConfiguration | undefined)?.spec ?? {};
        this.#onSubnets = localSubnetL2Reachability === 'PodsAndLoadBalancers';
        isNew = true;
      }
    }
    return isNew;
  }

  /** What there is to say of a Service, by the addresses that it shows; undefined where it shows none. */
  conditionOf({ spec }: KubernetesService, pools: readonly Pool[]): ServiceCondition | undefined {
    const ours = pools.filter((pool) => allows(pool, 'LoadBalancer'));
    const addresses = spec.loadBalancerIPs.flatMap((text) => {
      const address = tryParseAddress(text);
      return address === undefined ? [] : [{ text, address }];
    });
    if (addresses.length === 0) return undefined;
    const byBgp = addresses.filter(({ address }) => this.#ranges.some((range) => containsAddress(range, address)));
    const told = addresses.filter(
      (one) => byBgp.includes(one) || (this.#onSubnets && poolOf(ours, one.address) !== undefined),
    );
    const untold = addresses.filter((one) => !told.includes(one)).map(({ text }) => text);
    if (untold.length > 0) {
      const message =
        `${untold.join(', ')}: in no range of serviceLoadBalancerIPs (BGPConfiguration default)` +
        (this.#onSubnets ? '' : ', and localSubnetL2Reachability (FelixConfiguration default) is off');
      return { status: 'False', reason: 'NotInRanges', message };
    }
    const ways = [...(byBgp.length > 0 ? ['to BGP peers'] : []), ...(this.#onSubnets ? ["on the nodes' subnets"] : [])];
    const message = `${told.map(({ text }) => text).join(', ')}: told ${ways.join(' and ')}`;
    return { status: 'True', reason: byBgp.length === addresses.length ? 'InRanges' : 'OnSubnets', message };
  }
}
