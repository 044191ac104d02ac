import { type Address, containsAddress, type Family, parsePrefix } from '../base/index.ts';
import type { TunnelAddressKind } from '../model/index.ts';
import type { Ipam } from './allocator.ts';
import { IpamError, isIpamError } from './errors.ts';
import { handleOf, tunnelType } from './handle.ts';

const familyOf: Readonly<Record<TunnelAddressKind, Family>> = {
  ipip: 4,
  vxlan: 4,
  vxlanV6: 6,
  wireguard: 4,
  wireguardV6: 6,
};

/**
 * The address of a node's tunnel device: one from `pools`, which the calculation has chosen (`calc/tunnel-pools.ts`), as CIDRs.
 * Undefined when there are none: then an address it had is given back.
 *
 * `current` is kept as long as it is in such a pool and the tunnel's own; else it is replaced.
 */
export async function tunnelAddress(
  ipam: Ipam,
  pools: readonly string[],
  node: string,
  kind: TunnelAddressKind,
  current: Address | undefined,
): Promise<Address | undefined> {
  const handleId = handleOf.tunnel(kind, node);
  if (current !== undefined && pools.some((cidr) => containsAddress(parsePrefix(cidr), current))) {
    const owner = await ipam.getAssignmentAttributes(current);
    if (owner?.handleId === handleId) return current;
    if (owner !== undefined && isNameless(owner)) {
      await ipam.releaseIps([{ address: current }]);
      await ipam.assignIp(current, { hostname: node, handleId, attributes: { node, type: tunnelType[kind] } });
      return current;
    }
  }
  await releaseTunnelAddress(ipam, handleId, current);
  if (pools.length === 0) return undefined;
  const request = { hostname: node, handleId, use: 'Tunnel', attributes: { node, type: tunnelType[kind] } } as const;
  const assigned = await ipam.autoAssign(
    familyOf[kind] === 4 ? { ...request, num4: 1, pools4: pools } : { ...request, num6: 1, pools6: pools },
  );
  const assignment = assigned.v4 ?? assigned.v6;
  const [given] = assignment?.addresses ?? [];
  if (given === undefined) {
    throw new IpamError('EXHAUSTED', `no address for the ${kind} tunnel of node ${node}: ${assignment?.shortfall}`);
  }
  return given.address;
}

/**
 * An address from before Calico wrote down whose it is: pods have always had handles, so that it is the tunnel's of the
 * node which names it. It stays the same, and gets a handle.
 */
function isNameless({
  handleId,
  attributes,
}: {
  readonly handleId?: string | undefined;
  readonly attributes: object;
}): boolean {
  return handleId === undefined && Object.keys(attributes).length === 0;
}

/** Gives back what the tunnel has: all of its handle, and what the Node says besides, if that is the tunnel's. */
async function releaseTunnelAddress(ipam: Ipam, handleId: string, current: Address | undefined): Promise<void> {
  try {
    await ipam.releaseByHandle(handleId);
  } catch (error) {
    if (!isIpamError(error, 'HANDLE_NOT_FOUND')) throw error;
  }
  // The handle's object may be lost, or it may never have been there.
  const owner = current && (await ipam.getAssignmentAttributes(current));
  if (owner === undefined || !(owner.handleId === handleId || isNameless(owner))) return;
  await ipam.releaseIps([{ address: current!, handleId: owner.handleId }]);
}
