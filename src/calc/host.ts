import type { DesiredHost } from './desired/index.ts';
import type { FelixSettings } from './felix.ts';

/** Settings of the node itself. */
export function desiredHost(felix: FelixSettings): DesiredHost {
  const { deviceRouteSourceAddress: source4, deviceRouteSourceAddressIPv6: source6 } = felix;
  return {
    forwarding: felix.ipForwarding !== 'Disabled',
    uplinks: felix.mtuIfacePattern || undefined,
    routeSource: { ...(source4 && { 4: source4 }), ...(source6 && { 6: source6 }) },
  };
}
