import type { PeerConfig, PeerStatus } from 'bgp-speaker-ts';
import type { DesiredBgp, DesiredPeer } from '../calc/desired/index.ts';
import type { DetectionReport } from './failure-detection.ts';
import type { PeerFilters } from './filters.ts';

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

/** A peer that the cluster's resources ask for, as the BGP library takes it. `name`: what it is known by. */
export function peerConfig(
  peer: DesiredPeer,
  name: string,
  { exportFilter, importFilter }: PeerFilters,
  timers: BgpTimers,
): PeerConfig {
  return {
    address: peer.address,
    port: peer.port,
    ...(name !== peer.address && { name }),
    remoteAs: peer.asn,
    holdTime: timers.holdTime,
    connectRetryTime: timers.connectRetryTime,
    gracefulRestart: { time: peer.restartTime ?? timers.restartTime },
    ...(timers.gracefulNotification && { gracefulNotification: true }),
    ...(timers.maxRestartTime !== undefined && { maxRestartTime: timers.maxRestartTime }),
    ...(timers.maxStaleTime !== undefined && { maxLongLivedStaleTime: timers.maxStaleTime }),
    nextHop: peer.nextHop,
    exportFilter,
    description: `${peer.type} ${peer.name}`,
    ...(peer.localAddress !== undefined && { localAddress: peer.localAddress }),
    ...(peer.passive && { passive: true }),
    ...(peer.families && { families: peer.families.map((family) => `ipv${family}-unicast` as const) }),
    ...(peer.localAsn !== undefined && { localAs: peer.localAsn }),
    ...(importFilter && { importFilter }),
    ...(peer.clusterId !== undefined && { routeReflector: { clusterId: peer.clusterId } }),
    ...(peer.keepaliveTime !== undefined && { keepaliveTime: peer.keepaliveTime }),
    ...(peer.password !== undefined && { password: peer.password }),
    ...(peer.ttlSecurity !== undefined && { ttlSecurity: peer.ttlSecurity }),
    ...(peer.allowLocalAs !== undefined && { allowLocalAs: peer.allowLocalAs }),
    ...(peer.maxPrefixes !== undefined && { maxPrefixes: peer.maxPrefixes }),
    ...(peer.maxPrefixesRestart !== undefined && { maxPrefixesRestart: peer.maxPrefixesRestart }),
    ...(peer.role !== undefined && { role: peer.role }),
    ...(peer.strictRole && { strictRole: true }),
    ...(peer.removePrivateAS && { removePrivateAs: true }),
    ...(peer.addPath !== undefined && { addPath: peer.addPath }),
    ...(peer.linkBandwidth !== undefined && { linkBandwidth: peer.linkBandwidth }),
  };
}

/** A peer's address and port, as people write them. */
export function endpoint({ address, port }: Pick<DesiredPeer, 'address' | 'port'>): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** The address in a peer's name. */
export function addressIn(name: string): string {
  return /^\[(.+)\]:\d+$/.exec(name)?.[1] ?? /^([\d.]+):\d+$/.exec(name)?.[1] ?? name;
}

/** A peer as people see it: what was asked for, and how it stands. */
export interface PeerReport {
  readonly desired: DesiredPeer;
  readonly status: PeerStatus;
  /** How it is watched; absent where nobody asked for that. */
  readonly bfd?: DetectionReport;
}

/** Compares the settings that can't be changed on a running speaker. */
export function sameIdentity(a: DesiredBgp | undefined, b: DesiredBgp): boolean {
  return (
    a?.asn === b.asn &&
    a.routerId === b.routerId &&
    a.listenPort === b.listenPort &&
    a.listenAddresses.join() === b.listenAddresses.join()
  );
}
