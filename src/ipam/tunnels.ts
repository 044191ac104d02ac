import { type Address, type Family, formatPrefix } from '../base/index.ts';
import type { Ipam } from './allocator.ts';
import { IpamError, isIpamError } from './errors.ts';
import type { Facts } from './facts.ts';
import { handleOf, type TunnelKind, tunnelType } from './handle.ts';
import { allows, type Pool, poolOf, selectsNode } from './pools.ts';

const familyOf: Readonly<Record<TunnelKind, Family>> = { ipip: 4, vxlan: 4, vxlanV6: 6, wireguard: 4, wireguardV6: 6 };

/** The pool's traffic goes through tunnels of this kind. WireGuard is no pool's business: any pool will do. */
function encapsulates({ spec }: Pool, kind: TunnelKind): boolean {
  if (kind === 'ipip') return spec.ipipMode !== 'Never';
  if (kind === 'vxlan' || kind === 'vxlanV6') return spec.vxlanMode !== 'Never';
  return true;
}

/**
 * The address of a node's tunnel device: one from a pool that is enabled, allows tunnels, selects the node and uses
 * this encapsulation. Undefined when there is no such pool: then an address it had is given back.
 *
 * `current` is kept as long as it is in such a pool and the tunnel's own; else it is replaced.
 */
export async function tunnelAddress(
  ipam: Ipam,
  facts: Facts,
  node: string,
  kind: TunnelKind,
  current: Address | undefined,
): Promise<Address | undefined> {
  const labels = await facts.nodeLabels(node);
  const family = familyOf[kind];
  const eligible = (await facts.pools()).filter(
    (pool) =>
      pool.enabled &&
      pool.cidr.family === family &&
      allows(pool, 'Tunnel') &&
      selectsNode(pool, labels) &&
      encapsulates(pool, kind),
  );
  const handleId = handleOf.tunnel(kind, node);
  if (current !== undefined && poolOf(eligible, current) !== undefined) {
    const owner = await ipam.getAssignmentAttributes(current);
    if (owner?.handleId === handleId) return current;
    if (owner !== undefined && isNameless(owner)) {
      await ipam.releaseIps([{ address: current }]);
      await ipam.assignIp(current, { hostname: node, handleId, attributes: { node, type: tunnelType[kind] } });
      return current;
    }
  }
  await releaseTunnelAddress(ipam, node, kind);
  if (eligible.length === 0) return undefined;
  const pools = eligible.map(({ cidr }) => formatPrefix(cidr));
  const request = { hostname: node, handleId, use: 'Tunnel', attributes: { node, type: tunnelType[kind] } } as const;
  const assigned = await ipam.autoAssign(
    family === 4 ? { ...request, num4: 1, pools4: pools } : { ...request, num6: 1, pools6: pools },
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

/** Gives the tunnel's address back, if it has one: the feature is off, or the node is going. */
export async function releaseTunnelAddress(ipam: Ipam, node: string, kind: TunnelKind): Promise<void> {
  try {
    await ipam.releaseByHandle(handleOf.tunnel(kind, node));
  } catch (error) {
    if (!isIpamError(error, 'HANDLE_NOT_FOUND')) throw error;
  }
}
