import type { Address } from '../base/index.ts';
import type { IPAMBlock } from '../model/index.ts';
import { affinityText, loadBalancer } from './affinity.ts';
import { addressAt, attributeOf } from './block.ts';
import { isReadable } from './block-check.ts';

/** An address that a Service has, as far as it says so. */
export interface LoadBalancerAllocation {
  readonly address: Address;
  readonly handleId: string | undefined;
  /** `namespace/name`. */
  readonly service: string | undefined;
}

/** The addresses given out of a block of the load balancer; of another's block, none. */
export function loadBalancerAllocations({ spec }: IPAMBlock): readonly LoadBalancerAllocation[] {
  if (spec.affinity !== affinityText(loadBalancer) || !isReadable(spec)) return [];
  return [...spec.allocations.keys()].flatMap((ordinal): LoadBalancerAllocation[] => {
    const attribute = attributeOf(spec, ordinal);
    if (attribute === undefined || attribute.releasedAt !== undefined) return [];
    const { handle_id: handleId, secondary: { namespace, service } = {} } = attribute;
    const name = namespace === undefined || service === undefined ? undefined : `${namespace}/${service}`;
    return [{ address: addressAt(spec, ordinal), handleId, service: name }];
  });
}
