import type { DesiredHost } from './desired.ts';
import type { FelixSettings } from './felix.ts';

/** Settings of the node itself. */
export function desiredHost(felix: FelixSettings): DesiredHost {
  return { forwarding: felix.ipForwarding !== 'Disabled', uplinks: felix.mtuIfacePattern || undefined };
}
