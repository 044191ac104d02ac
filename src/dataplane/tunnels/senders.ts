import type { DesiredWireguard } from '../../calc/desired/index.ts';
import { type Contents, POSTROUTING } from '../filter/index.ts';

/**
 * A packet of the host itself that enters a tunnel with an address of another link gets the tunnel's: the far end
 * answers through the tunnel only to that. It happens when a service is translated after the route, and with it the
 * source, was chosen. Pods' addresses are not local here, so their packets pass as they are. With host encryption the
 * device has the node's own address: `fib` finds that on the first link that has it alone.
 */
export function tunnelSource(
  devices: readonly string[],
  wireguard: DesiredWireguard | undefined,
): Contents | undefined {
  if (devices.length === 0) return undefined;
  const rules = devices.map((name) => {
    const shared = wireguard?.hostEncryption && wireguard.device === name;
    const foreign = shared ? `ip saddr != ${wireguard.address}` : 'fib saddr . oif type != local';
    return {
      expression: `oifname "${name}" ${foreign} fib saddr type local masquerade fully-random`,
      why: `tunnel source ${name}`,
    };
  });
  return { chains: [[POSTROUTING, rules]] };
}
