import { type Family, same } from '../base/index.ts';
import { Announced } from './announced.ts';
import { AnsweringNodes } from './answering-nodes.ts';
import { Filters } from './bgp-filters.ts';
import { announcements, OwnBlockViews, ownBlocks } from './blocks.ts';
import { type Cell, cell, keeping } from './cell.ts';
import {
  type Desired,
  type DesiredBgp,
  type DesiredTunnels,
  type DesiredWireguard,
  NO_HOSTS,
} from './desired/index.ts';
import { egressCells } from './egress-cells.ts';
import { isIpip } from './encapsulation.ts';
import { type FelixSettings, felixSettings } from './felix.ts';
import { Holdings } from './holdings.ts';
import { desiredHost } from './host.ts';
import { Hosts } from './hosts.ts';
import { IpipLacking } from './ipip-ends.ts';
import { desiredNat } from './nat.ts';
import { Networks } from './networks.ts';
import {
  ignoredInterfaces,
  listenAddresses,
  listenPort,
  localPrefs,
  nodeAddress,
  nodeAsn,
  prefixCommunities,
} from './node-bgp.ts';
import { OnlyByVxlan } from './only-by-vxlan.ts';
import { carriedByOthers, ownPrefixes } from './own-prefixes.ts';
import { clusterExtensions } from './peer-extensions.ts';
import { peeringCells } from './peering-cells.ts';
import { type PolicyCells, policyCells } from './policy/index.ts';
import { desiredPools } from './pools.ts';
import { type ServiceCells, serviceCells } from './service-cells.ts';
import { reflectedRanges, withClusterIPs } from './service-ranges.ts';
import type { Sources } from './sources.ts';
import { tunnelPools } from './tunnel-pools.ts';
import { desiredVxlan, ownSubnet, VXLAN_PORT, vxlanRanges } from './vxlan.ts';
import { Vteps, VxlanRoutes } from './vxlan-table.ts';
import { desiredWireguard, isEnabled, peerSettings } from './wireguard.ts';
import { wireguardTable } from './wireguard-table.ts';
import { desiredSpoofing, Workloads } from './workloads.ts';

export interface GraphOptions {
  readonly nodename: string;
  /** A dotted quad; absent for the node's IPv4 address. */
  readonly routerId?: string | undefined;
  /** The router id of a node that has an IPv6 address alone. */
  readonly spareRouterId?: string;
  /** False where VXLAN carries everything. */
  readonly bgp?: boolean;
  /** Whether each rule of a policy counts in the kernel. */
  readonly countsRules?: boolean;
  /** In place of `serviceClusterIPs`, whatever BGPConfiguration says. */
  readonly clusterIPs?: readonly string[] | undefined;
  /** The settings that override FelixConfiguration. */
  readonly environment?: FelixSettings;
}

/**
 * The flow of resources, on one page. Each cell names its inputs and gets just those; it is worked out again when one
 * of them is another object, and gives the former object when the outcome says the same. What is as large as the
 * cluster is `Entries`, and costs what has changed of it.
 *
 *     Node ───────► self, vteps, standings, hosts ─┐
 *     IPAMBlock ──► holdings ──────────────────────┼─► vxlan, wireguard, tunnels
 *     IPPool ─────► pools ─────────────────────────┘
 *     IPAMBlock, BlockAffinity of our own ─► blocks ─┐
 *     WorkloadEndpoint of our own ─► workloads ──────┼─► announce ─┐
 *     Services, EndpointSlices, BGPConfiguration ────┘             │
 *     the same, Node, IPPool, own workloads ─► reachability         │
 *     Node, BGPConfiguration, BGPPeer, pods ─► peerings ─► peers ──┤
 *     BGPFilter ─► filters ────────────────────────────────────────┴─► bgp
 *     IPPool, Node, FelixConfiguration ─► store; egress ─► nat, reachability, announce
 *     policies, Tier, Profile, WorkloadEndpoint of all, NetworkSet, Node ─► policy (`policy/`)
 *     FelixConfiguration ─► felix ─► nearly everything
 */
export function graph(
  sources: Sources,
  { nodename, routerId, spareRouterId, bgp: withBgp = true, environment = {}, countsRules, clusterIPs }: GraphOptions,
): {
  readonly desired: Cell<Desired>;
  readonly services: Pick<ServiceCells, 'isAsked' | 'heeds' | 'advertised'>;
  readonly secretNames: Cell<readonly string[]>;
} & Pick<PolicyCells, 'world' | 'worldIf'> {
  const nodes = sources.of('Node');
  const configurations = cell([sources.of('BGPConfiguration')], (entries) => withClusterIPs(entries, clusterIPs));
  const self = cell([nodes], (all) => all.get(nodename));
  const felix = cell(
    [sources.of('FelixConfiguration')],
    (all) => ({ ...felixSettings(nodename, all), ...environment }),
    same,
  );

  const pools = cell([sources.of('IPPool')], (all) => desiredPools(all.values()), same);
  const affinities = sources.of('BlockAffinity');
  const mine = cell([sources.of('IPAMBlock')], keeping(new OwnBlockViews()));
  const blocks = cell([affinities, mine], ownBlocks, same);
  const endpoints = sources.of('WorkloadEndpoint');
  const filters = cell([sources.of('BGPFilter')], keeping(new Filters()));
  const { peers, localEnds, secretNames, problems, watched } = peeringCells(sources, nodename, {
    self,
    configurations,
    filters,
  });
  const workloads = cell([endpoints, felix, localEnds], keeping(new Workloads()));
  const spoofing = cell([workloads], desiredSpoofing, same);

  const holdings = cell([sources.of('IPAMBlock')], keeping(new Holdings()));
  const networks = cell([holdings], keeping(new Networks()));
  const external = cell([felix], (settings) => settings.externalNodesList, same);
  const hosts = cell([nodes, external], keeping(new Hosts()));

  const onlyByVxlan = cell([nodes], keeping(new OnlyByVxlan()));
  const vxlanOf = (family: Family) => {
    const ranges = cell([pools, onlyByVxlan], (all, only) => vxlanRanges(all, family, only), same);
    const peers = cell([nodes], keeping(new Vteps(family, nodename)));
    const inputs = [holdings, networks, peers, ranges, self, onlyByVxlan] as const;
    const routes = cell(inputs, keeping(new VxlanRoutes(family, nodename)));
    return cell(
      [self, felix, ranges, peers, routes],
      (node, settings, wanting, behind, ways) =>
        desiredVxlan(family, node, settings, wanting, { peers: behind, routes: ways }),
      same,
    );
  };
  const [vxlan4, vxlan6] = [vxlanOf(4), vxlanOf(6)];

  const wireguardOf = (family: Family): Cell<DesiredWireguard | undefined> => {
    const settings = cell([felix], (all) => peerSettings(all, family), same);
    const kept = cell([felix], (all) => encryption(all, family), same);
    const table = cell([kept], (how) => how && wireguardTable(family, nodename, how.hostEncryption));
    const content = cell(
      [table, holdings, nodes, settings],
      (rows, held, all, common) => rows?.(held, all, common),
      same,
    );
    return cell([self, felix, content], (node, all, rows) => rows && desiredWireguard(family, node, all, rows), same);
  };
  const [wireguard4, wireguard6] = [wireguardOf(4), wireguardOf(6)];

  const lacking = cell([nodes], keeping(new IpipLacking()));
  const tunnels = cell(
    [self, felix, pools, vxlan4, vxlan6, wireguard4, wireguard6, hosts, lacking],
    (node, settings, all, v4, v6, w4, w6, own, unready): DesiredTunnels => {
      const wantsIpip = all.some((pool) => isIpip(pool.encapsulation));
      return {
        ipip: wantsIpip
          ? {
              address: node?.spec.bgp?.ipv4IPIPTunnelAddr || undefined,
              subnet: ownSubnet(node),
              mtu: settings.ipipMTU || undefined,
              lacking: unready,
            }
          : undefined,
        vxlan4: v4,
        vxlan6: v6,
        wireguard4: w4,
        wireguard6: w6,
        hosts: wantsIpip || v4 !== undefined || v6 !== undefined ? own : NO_HOSTS,
        fromPods: {
          ipip: settings.allowIPIPPacketsFromWorkloads ?? false,
          vxlan: settings.allowVXLANPacketsFromWorkloads ?? false,
          vxlanPort: settings.vxlanPort ?? VXLAN_PORT,
        },
      };
    },
    same,
  );

  const answering = cell([nodes], keeping(new AnsweringNodes()));
  const leaving = egressCells(sources, nodename, { nodes, answering, configurations, felix, hosts }, withBgp);
  const { services, egress, gateways, announced, unmet } = leaving;
  const nat = cell([felix, hosts, workloads, egress], desiredNat, same);
  const host = cell([self, felix, unmet], desiredHost, same);
  const written = cell(
    [sources.of('IPPool'), self, felix, onlyByVxlan],
    (all, node, settings, only) => ({ tunnelPools: tunnelPools(all.values(), node, settings, only.size > 0) }),
    same,
  );

  const ofServing = { self, answering, configurations, felix, pools, workloads, gateways };
  const served = serviceCells(sources, nodename, ofServing);
  const { whole, ofServices } = served;
  const own = cell([blocks, workloads, pools], announcements, same);
  const wholes = cell([whole, announced], (ranges, gateway) => [...ranges, ...gateway], same);
  const announce = cell([own, wholes, ofServices], keeping(new Announced()));
  const preferences = cell([configurations], localPrefs, same);
  const communities = cell([configurations], (settings) => prefixCommunities(nodename, settings), same);
  const passedOn = cell([self, configurations], reflectedRanges, same);
  const guarded = cell([pools, services], ownPrefixes, same);
  const bgp = cell(
    [self, configurations, peers, problems, preferences, communities, announce, filters, passedOn, watched, guarded],
    (node, settings, running, lacking, ranks, marks, told, rules, reflected, bfd, apart): DesiredBgp | undefined => {
      const spare = nodeAddress(node, 6) === undefined ? undefined : spareRouterId;
      const id = routerId ?? nodeAddress(node, 4) ?? spare;
      if (!withBgp || node === undefined || id === undefined) return undefined;
      return {
        asn: nodeAsn(node, settings),
        routerId: id,
        listenPort: listenPort(nodename, settings),
        listenAddresses: listenAddresses(node, settings),
        peers: running,
        problems: lacking,
        localPrefs: ranks,
        communities: marks,
        announce: told,
        filters: rules,
        ...(reflected.length > 0 && { reflected }),
        ...(bfd.length > 0 && { bfd }),
        ignoredInterfaces: ignoredInterfaces(nodename, settings),
        ownPrefixes: apart,
        carriedByOthers: carriedByOthers(node, settings),
        ...clusterExtensions(settings.get('default')).value,
      };
    },
    same,
  );

  const { desired: policy, world, worldIf } = policyCells(sources, nodename, felix, countsRules);
  const desired = cell(
    [bgp, blocks, workloads, pools, tunnels, nat, services, spoofing, host, written, policy, served.reachability],
    (
      ...[voice, own, pods, ranges, carried, translated, toServices, spoofed, settings, store, held, reachability]
    ): Desired =>
      Object.freeze({
        bgp: voice,
        blocks: own,
        workloads: pods,
        pools: ranges,
        tunnels: carried,
        nat: translated,
        services: toServices,
        spoofing: spoofed,
        host: settings,
        store,
        policy: held,
        reachability,
      }),
  );
  return { desired, services: served, secretNames, world, worldIf };
}

function encryption(felix: ReturnType<typeof felixSettings>, family: Family) {
  return isEnabled(felix, family) ? { hostEncryption: felix.wireguardHostEncryptionEnabled ?? false } : undefined;
}
