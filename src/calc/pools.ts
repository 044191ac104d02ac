import type { IPPool } from '../model/index.ts';
import type { DesiredPool } from './desired/index.ts';
import { encapsulationOf } from './encapsulation.ts';

/** The pools, by name. */
export function desiredPools(pools: Iterable<IPPool>): DesiredPool[] {
  return [...pools]
    .map(({ metadata, spec, unread = [] }) => ({
      name: metadata.name,
      cidr: spec.cidr,
      encapsulation: encapsulationOf(spec),
      natOutgoing: spec.natOutgoing ?? false,
      disabled: spec.disabled ?? false,
      disableBgpExport: spec.disableBGPExport ?? unread.includes('disableBGPExport'),
      ...(isLoadBalancerOnly(spec) && { loadBalancerOnly: true }),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function isLoadBalancerOnly({ allowedUses = [] }: IPPool['spec']): boolean {
  return allowedUses.length > 0 && allowedUses.every((use) => use === 'LoadBalancer');
}
