import type { Desired } from '../../calc/desired/index.ts';
import { addressedDevices } from '../tunnels/render.ts';
import type { NatInputs } from './render.ts';

/** What the packet filter's tables follow from. */
export const NAT_SECTIONS = [
  'pools',
  'nat',
  'services',
  'spoofing',
  'tunnels',
] as const satisfies readonly (keyof Desired)[];

export function natInputs(
  { pools, nat, services, spoofing, tunnels }: Pick<Desired, (typeof NAT_SECTIONS)[number]>,
  interfacePrefix = 'cali',
): NatInputs {
  return {
    pools,
    nat,
    services,
    spoofing,
    wireguard: tunnels.wireguard4,
    tunnels: addressedDevices(tunnels),
    encapsulation: tunnels,
    interfacePrefix,
  };
}
