import { containsPrefix, type Family, formatPrefix, hostCidr, parsePrefix } from '../base/index.ts';
import type { ReadEgress } from './asked-egress.ts';
import type { Announcement, DesiredEgress, EgressPool, ProxiedAddress } from './desired/index.ts';
import { type EgressSurroundings, gatewayOf, wayTo } from './egress-gateway.ts';
import type { FelixSettings } from './felix.ts';
import { DEFAULT_TABLES, isEnabled } from './wireguard.ts';

/** Autoconfiguration's and cloud's metadata, and multicast: of no use behind a gateway. */
const NEVER_OUTSIDE = ['169.254.0.0/16', '224.0.0.0/4', 'fe80::/10', 'ff00::/8'];

/** The gateway node of each pool, and the way of this node's pods to it; undefined where no pool asks. */
export function desiredEgress({ asked }: ReadEgress, around: EgressSurroundings): DesiredEgress | undefined {
  const { nodename, nodes, pools, hosts, felix } = around;
  if (asked.length === 0) return undefined;
  const within = [...pools.map(({ spec }) => spec.cidr), ...around.services.cidrs, ...NEVER_OUTSIDE];
  return {
    pools: asked.map((one): EgressPool => {
      const { pool, address } = one;
      const range = parsePrefix(pool.spec.cidr);
      const choice = gatewayOf(one, around);
      const gateway = 'gateway' in choice ? choice.gateway : undefined;
      return {
        pool: pool.metadata.name,
        family: range.family,
        cidr: formatPrefix(range),
        address,
        ...(gateway && { gateway: gateway.metadata.name }),
        ...('announced' in choice && choice.announced && { announced: true }),
        way:
          'reason' in choice
            ? { kind: 'none', reason: choice.reason }
            : wayTo(range.family, choice.gateway, nodes.get(nodename), pool),
        why: `IPPool ${pool.metadata.name}: egressAddress`,
      };
    }),
    inside: { 4: outermostOf(4, within), 6: outermostOf(6, within) },
    hosts,
    tables: felix.routeTableRanges ?? DEFAULT_TABLES,
  };
}

/** Pools whose pods can't leave, in sentences. */
export function stuckPools(egress: DesiredEgress | undefined): readonly string[] {
  return (egress?.pools ?? []).flatMap(({ pool, address, way }) =>
    way.kind === 'none'
      ? [`IPPool ${pool}: egressAddress ${address}: ${way.reason}; its pods can not leave the cluster`]
      : [],
  );
}

/**
 * Pools whose packets are not encrypted on their way to the gateway though pods' are: WireGuard carries packets for pods
 * and, with host encryption, those between nodes, so tunnels too.
 */
export function plainPools(egress: DesiredEgress | undefined, felix: FelixSettings): readonly string[] {
  return (egress?.pools ?? []).flatMap(({ pool, family, gateway, way: { kind } }) => {
    const isOutside =
      kind === 'subnet' || ((kind === 'vxlan' || kind === 'ipip') && !felix.wireguardHostEncryptionEnabled);
    if (!isEnabled(felix, family) || !isOutside) return [];
    return [`IPPool ${pool}: what its pods send by way of their gateway ${gateway} is not encrypted on the way there`];
  });
}

/** The addresses that the node answers for on its own subnets as a gateway. */
export function egressAddresses(egress: DesiredEgress | undefined): readonly ProxiedAddress[] {
  const own = ownPools(egress).filter(({ announced }) => !announced);
  return [...byAddress(own, ({ address, why }): ProxiedAddress => ({ address, of: 'egress', why })).values()];
}

/** The announcements of the node as a gateway: single addresses, so that each leads to it alone. */
export function egressAnnouncements(egress: DesiredEgress | undefined): readonly Announcement[] {
  const own = ownPools(egress).filter(({ announced }) => announced);
  return [...byAddress(own, ({ address, why }) => ({ cidr: hostCidr(address), why })).values()];
}

function ownPools(egress: DesiredEgress | undefined): readonly EgressPool[] {
  return (egress?.pools ?? []).filter(({ way }) => way.kind === 'here');
}

/** Pools may share an address. */
function byAddress<T>(pools: readonly EgressPool[], made: (pool: EgressPool) => T): ReadonlyMap<string, T> {
  return new Map(pools.map((pool) => [pool.address, made(pool)]));
}

function outermostOf(family: Family, cidrs: readonly string[]): string[] {
  const networks = cidrs.map((cidr) => parsePrefix(cidr)).filter((network) => network.family === family);
  const texts = networks
    .filter((network) => !networks.some((other) => other.length < network.length && containsPrefix(other, network)))
    .map(formatPrefix);
  return [...new Set(texts)].sort();
}
