import type { Origination, PeerConfig, PeerStatus } from '../bgp/index.ts';
import type { DesiredBgp, DesiredPeer, DesiredPool } from '../calc/desired/index.ts';
import { seconds } from '../calc/index.ts';
import { MAX_PRIORITY } from './filter-rules.ts';
import { exportFilter, importFilter, OWN } from './filters.ts';

/** Timers that Calico's resources don't have. Seconds. */
export interface BgpTimers {
  readonly holdTime: number;
  readonly connectRetryTime: number;
  /** How long a peer keeps our routes while we restart, unless the resources say otherwise. */
  readonly restartTime: number;
  /** Most seconds that a peer's routes are kept while it is away, and as long-lived stale ones; the library's defaults. */
  readonly maxRestartTime?: number | undefined;
  readonly maxStaleTime?: number | undefined;
  /** Whether to offer that routes outlive NOTIFICATIONs and hold times too (RFC 8538). */
  readonly gracefulNotification?: boolean;
}

/** The peers that the cluster's resources ask for, as the BGP library takes them. Pure. */
export function peerConfigs(bgp: DesiredBgp, pools: readonly DesiredPool[], timers: BgpTimers): PeerConfig[] {
  const names = peerNames(bgp.peers);
  return bgp.peers.map((peer) => {
    const name = names.get(peer);
    return { ...peerConfig(peer, bgp, pools, timers), ...(name !== peer.address && name !== undefined && { name }) };
  });
}

/** What each peer is known by: its address, or with its port where several have that address. */
export function peerNames(peers: readonly DesiredPeer[]): ReadonlyMap<DesiredPeer, string> {
  const count = new Map<string, number>();
  for (const { address } of peers) count.set(address, (count.get(address) ?? 0) + 1);
  return new Map(peers.map((peer) => [peer, count.get(peer.address) === 1 ? peer.address : endpoint(peer)]));
}

function endpoint({ address, port }: DesiredPeer): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function peerConfig(peer: DesiredPeer, bgp: DesiredBgp, pools: readonly DesiredPool[], timers: BgpTimers): PeerConfig {
  const imports = importFilter(peer, bgp);
  const { spec } = peer;
  const external = peer.asn !== (peer.localAsn ?? bgp.asn);
  const nextHop = spec?.keepOriginalNextHop && external ? 'keep' : (spec?.nextHopMode?.toLowerCase() ?? 'auto');
  const keepaliveTime = seconds(spec?.keepaliveTime);
  return {
    address: peer.address,
    port: peer.port,
    remoteAs: peer.asn,
    holdTime: timers.holdTime,
    connectRetryTime: timers.connectRetryTime,
    gracefulRestart: { time: peer.restartTime ?? timers.restartTime },
    ...(timers.gracefulNotification && { gracefulNotification: true }),
    ...(timers.maxRestartTime !== undefined && { maxRestartTime: timers.maxRestartTime }),
    ...(timers.maxStaleTime !== undefined && { maxLongLivedStaleTime: timers.maxStaleTime }),
    nextHop: nextHop === 'self' || nextHop === 'keep' ? nextHop : 'auto',
    exportFilter: exportFilter(peer, bgp, pools),
    description: `${peer.type} ${peer.name}`,
    ...(peer.localAddress !== undefined && { localAddress: peer.localAddress }),
    ...(peer.localAsn !== undefined && { localAs: peer.localAsn }),
    ...(imports && { importFilter: imports }),
    ...(peer.clusterId !== undefined && { routeReflector: { clusterId: peer.clusterId } }),
    ...(keepaliveTime !== undefined && { keepaliveTime }),
    ...(spec?.ttlSecurity && { ttlSecurity: spec.ttlSecurity }),
    ...(spec?.numAllowedLocalASNumbers != null && { allowLocalAs: spec.numAllowedLocalASNumbers }),
  };
}

/** The address in a peer's name. */
export function addressIn(name: string): string {
  return /^\[(.+)\]:\d+$/.exec(name)?.[1] ?? /^([\d.]+):\d+$/.exec(name)?.[1] ?? name;
}

/**
 * Our own blocks and borrowed addresses as routes to originate; the next hop is each session's own address, and LOCAL_PREF
 * what Calico makes of an ordinary route's metric, so that nodes of both kinds prefer each other's routes alike.
 */
export function originations({ announce, priorities }: Pick<DesiredBgp, 'announce' | 'priorities'>): Origination[] {
  return announce.map(({ cidr, interfaceName }) => ({
    prefix: cidr,
    tag: OWN,
    localPref: MAX_PRIORITY - priorities[cidr.includes(':') ? 6 : 4],
    ...(interfaceName !== undefined && { interface: interfaceName }),
  }));
}

/** A peer as people see it: what was asked for, and how it stands. */
export interface PeerReport {
  readonly desired: DesiredPeer;
  readonly status: PeerStatus;
}

export function peerReports(peers: readonly DesiredPeer[], statuses: readonly PeerStatus[]): PeerReport[] {
  const byName = new Map(statuses.map((status) => [status.name, status]));
  return [...peerNames(peers)].flatMap(([desired, name]) => {
    const status = byName.get(name);
    return status === undefined ? [] : [{ desired, status }];
  });
}

/** What can't be changed on a running speaker. */
export function sameIdentity(a: DesiredBgp | undefined, b: DesiredBgp): boolean {
  return (
    a?.asn === b.asn &&
    a.routerId === b.routerId &&
    a.listenPort === b.listenPort &&
    a.listenAddresses.join() === b.listenAddresses.join()
  );
}
