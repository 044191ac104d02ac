import type { Node } from '../model/index.ts';
import type { DesiredHost } from './desired/index.ts';
import type { FelixSettings } from './felix.ts';
import { markProblems } from './marks.ts';
import { nodeAddress } from './node-bgp.ts';

/** Settings of the node itself. `unmet`: what else of the settings can't hold, in sentences. */
export function desiredHost(node: Node | undefined, felix: FelixSettings, unmet: readonly string[] = []): DesiredHost {
  const { deviceRouteSourceAddress: source4, deviceRouteSourceAddressIPv6: source6 } = felix;
  const problems = [...markProblems(felix), ...unmet];
  return {
    forwarding: felix.ipForwarding !== 'Disabled',
    addresses: ([4, 6] as const).flatMap((family) => nodeAddress(node, family) ?? []),
    uplinks: felix.mtuIfacePattern || undefined,
    ...(felix.flowLogsLocalReporter === 'Enabled' && { flowLog: true }),
    ...(problems.length > 0 && { problems }),
    routeSource: { ...(source4 && { 4: source4 }), ...(source6 && { 6: source6 }) },
  };
}
