import { formatAddress, tryParseInterfaceAddress } from '../../base/index.ts';
import type { NodeSpec } from '../../model/index.ts';

/**
 * The addresses of a node that its host endpoint answers for, each once, in kube-controllers' order: of BGP, of tunnels, of
 * Kubernetes (`InternalIP`), of interfaces. What is no address is passed over.
 */
export function expectedAddresses({ bgp, wireguard, ...spec }: NodeSpec): readonly string[] {
  return addressesIn([
    ...[bgp?.ipv4Address, bgp?.ipv6Address, bgp?.ipv4IPIPTunnelAddr],
    ...[spec.ipv4VXLANTunnelAddr, spec.ipv6VXLANTunnelAddr],
    ...[wireguard?.interfaceIPv4Address, wireguard?.interfaceIPv6Address],
    ...(spec.addresses ?? []).flatMap(({ address, type }) => (type === 'InternalIP' ? [address] : [])),
    ...(spec.interfaces ?? []).flatMap(({ addresses = [] }) => addresses),
  ]);
}

/** Addresses with or without the length of their subnet, each once and without it. */
export function addressesIn(texts: readonly (string | undefined)[]): readonly string[] {
  const addresses = texts.flatMap((text) => {
    const found = text === undefined ? undefined : tryParseInterfaceAddress(text);
    return found === undefined ? [] : [formatAddress(found.address)];
  });
  return [...new Set(addresses)];
}
