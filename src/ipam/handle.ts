import { createHash } from 'node:crypto';
import { API_VERSION, handleName, type IPAMHandle, type TunnelAddressKind } from '../model/index.ts';

/**
 * A handle is the owner's name for all of its addresses: it counts them by block, so that they can be found and
 * given back without looking at every block. It is written before the block on the way in and after it on the way
 * out: a crash in between leaves a handle that promises too much, never an address that nobody can find.
 */
export type HandleSpec = IPAMHandle['spec'];

export function newHandle(handleId: string, cidr: string, count: number): IPAMHandle {
  return {
    apiVersion: API_VERSION,
    kind: 'IPAMHandle',
    metadata: { name: handleName(handleId) },
    spec: { handleID: handleId, block: { [cidr]: count }, deleted: false },
  };
}

export function incremented(spec: HandleSpec, cidr: string, count: number): HandleSpec {
  return { ...spec, block: { ...spec.block, [cidr]: (spec.block[cidr] ?? 0) + count } };
}

/** Counts down, not below zero; a block that reaches zero goes. Undefined when nothing is left: the handle itself goes. */
export function decremented(spec: HandleSpec, cidr: string, count: number): HandleSpec | undefined {
  const { [cidr]: held = 0, ...others } = spec.block;
  const block = held > count ? { ...others, [cidr]: held - count } : others;
  return Object.keys(block).length === 0 ? undefined : { ...spec, block };
}

/** The handles of Calico's owners. */
export const handleOf = {
  pod: (network: string, containerId: string): string => `${network}.${containerId}`,
  tunnel: (kind: TunnelAddressKind, node: string): string => `${tunnelHandlePrefix[kind]}-${node}`,
  /** Of a Service: one that is made anew is another. */
  loadBalancer: (name: string, namespace: string, uid: string): string => {
    const digest = createHash('sha256').update(`${name}-${namespace}-${uid}`.toLowerCase()).digest('base64url');
    return `lb-${digest.replace(/[-_]/g, '')}`;
  },
} as const;

const tunnelHandlePrefix: Readonly<Record<TunnelAddressKind, string>> = {
  ipip: 'ipip-tunnel-addr',
  vxlan: 'vxlan-tunnel-addr',
  vxlanV6: 'vxlan-v6-tunnel-addr',
  wireguard: 'wireguard-tunnel-addr',
  wireguardV6: 'wireguard-v6-tunnel-addr',
};

/** The `type` attribute of a tunnel's address. */
export const tunnelType: Readonly<Record<TunnelAddressKind, string>> = {
  ipip: 'ipipTunnelAddress',
  vxlan: 'vxlanTunnelAddress',
  vxlanV6: 'vxlanV6TunnelAddress',
  wireguard: 'wireguardTunnelAddress',
  wireguardV6: 'wireguardV6TunnelAddress',
};
