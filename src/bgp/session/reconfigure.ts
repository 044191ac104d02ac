import type { PeerConfig } from '../api.ts';

/** The reach of each field of a peer's configuration: the OPEN or the socket, or only what is done with routes. */
const REACH: { readonly [Field in keyof Required<PeerConfig>]: 'session' | 'routes' | 'nothing' } = {
  address: 'session',
  port: 'session',
  name: 'session',
  remoteAs: 'session',
  localAs: 'session',
  localAddress: 'session',
  families: 'session',
  passive: 'session',
  holdTime: 'session',
  keepaliveTime: 'session',
  connectRetryTime: 'session',
  password: 'session',
  ttlSecurity: 'session',
  multihop: 'session',
  gracefulRestart: 'session',
  longLivedStaleTime: 'session',
  gracefulNotification: 'session',
  role: 'session',
  strictRole: 'session',
  delayOpenTime: 'session',
  addPath: 'session',
  nextHop: 'routes',
  routeReflector: 'routes',
  allowLocalAs: 'routes',
  maxPrefixes: 'routes',
  maxPrefixesRestart: 'nothing',
  removePrivateAs: 'routes',
  linkBandwidth: 'routes',
  importFilter: 'routes',
  exportFilter: 'routes',
  maxPeers: 'nothing',
  maxRestartTime: 'nothing',
  maxLongLivedStaleTime: 'nothing',
  description: 'nothing',
};

/** The consequence of a changed configuration for a session that is up: nothing, other routes, or a new session. */
export function changeOf(before: PeerConfig, after: PeerConfig): 'same' | 'kept' | 'reset' {
  const changed = (Object.keys(REACH) as (keyof PeerConfig)[]).filter((field) => !equal(before[field], after[field]));
  if (changed.some((field) => REACH[field] === 'session')) return 'reset';
  return changed.some((field) => REACH[field] === 'routes') ? 'kept' : 'same';
}

/** Configuration is plain data, so its text tells. */
function equal(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
