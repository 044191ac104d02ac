import {
  containsAddress,
  formatAddress,
  lastAddress,
  networkAddress,
  type Prefix,
  parseAddress,
  tryParsePrefix,
} from '../../base/index.ts';
import type { ProxiedAddress } from '../../calc/desired/index.ts';
import type { FibInfo, InterfaceAddressEntry } from '../../netlink/index.ts';
import type { Sysctls } from '../endpoints/sysctls.ts';
import { MAIN_TABLE, ROUTE_PROTOCOL } from '../routes/render.ts';

/** A subnet that the host is on. */
export interface HostSubnet {
  readonly dev: string;
  readonly subnet: Prefix;
}

/** An address that the kernel answers for on a device. */
export interface ProxyEntry {
  readonly dev: string;
  readonly address: string;
  readonly of: ProxiedAddress['of'];
}

/** The loopback device's index in every namespace. */
const LOOPBACK = 1;

/**
 * `ADDRESS dev lo`: the kernel answers ARP by proxy only for what it would send out elsewhere. Nothing takes this
 * route: kube-proxy translates before it, and what it doesn't is dropped (`services/loops.ts`).
 */
export const SERVICE_ROUTE: FibInfo = {
  ...{ kind: 'unicast', protocol: ROUTE_PROTOCOL, table: MAIN_TABLE, scope: 'link' },
  nextHops: [{ dev: LOOPBACK }],
};

export function keyOf({ address, dev }: Pick<ProxyEntry, 'address' | 'dev'>): string {
  return `${address} ${dev}`;
}

/** The subnets that others may be on, of links that are neither pods' nor loopback. */
export function hostSubnets(
  entries: Iterable<Pick<InterfaceAddressEntry, 'dev' | 'address' | 'scope'>>,
  isLeftOut: (dev: string) => boolean,
): readonly HostSubnet[] {
  return [...entries].flatMap(({ dev, address, scope }): HostSubnet[] => {
    const subnet = tryParsePrefix(address);
    if (subnet === undefined || scope !== 'global' || dev === 'lo' || isLeftOut(dev)) return [];
    return subnet.length >= (subnet.family === 4 ? 31 : 127) ? [] : [{ dev, subnet }];
  });
}

/**
 * Where an address is answered for: on each of the subnets that has it, if it is no host's own and stands for no
 * subnet.
 */
export function proxiesOf(
  { address: text, of }: ProxiedAddress,
  subnets: readonly HostSubnet[],
  own: ReadonlySet<string>,
): readonly ProxyEntry[] {
  if (own.has(text)) return [];
  const address = parseAddress(text);
  const devices = subnets.filter(({ subnet }) => {
    if (!containsAddress(subnet, address)) return false;
    const ends = subnet.family === 4 ? [networkAddress(subnet), lastAddress(subnet)] : [networkAddress(subnet)];
    return !ends.some((end) => formatAddress(end) === text);
  });
  return [...new Set(devices.map(({ dev }) => dev))].map((dev) => ({ dev, address: text, of }));
}

/**
 * The settings that a device needs to answer for others. It answers at once: the kernel's delay of up to 0.8 s is for
 * several who could, and there is one.
 */
export function proxySettings(word: string): Sysctls {
  return [
    [`net.ipv4.neigh.${word}.proxy_delay`, '0'],
    [`net.ipv6.neigh.${word}.proxy_delay`, '0'],
    [`net.ipv6.conf.${word}.proxy_ndp`, '1'],
  ];
}
