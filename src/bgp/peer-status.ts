import { formatIpv4, parseAddress, parsePrefix } from '../base/index.ts';
import type { MalformedUpdates, PeerConfig, PeerStatus } from './api.ts';
import { isRange } from './dynamic-neighbours.ts';
import { peerName } from './peer-name.ts';
import type { PeerSession } from './session/index.ts';
import type { Admission } from './transport/index.ts';

/** The circumstances of a peer beside its session and its routes. */
interface Circumstances {
  /** Why it can't be let in. */
  readonly refused: string | undefined;
  readonly gracefulRestart: PeerStatus['gracefulRestart'];
  readonly withdrawn: MalformedUpdates['withdrawn'];
  readonly guarded: NonNullable<PeerStatus['guarded']>;
}

/** One peer as an operator sees it. */
export function peerStatus(
  session: PeerSession,
  prefixes: PeerStatus['prefixes'],
  { refused, gracefulRestart, withdrawn, guarded }: Circumstances,
): PeerStatus {
  const { config, status } = session;
  const { negotiated } = status;
  const reason = status.reason ?? refused;
  return {
    name: peerName(config),
    address: config.address,
    remoteAs: negotiated?.peerAs ?? config.remoteAs,
    state: status.state,
    since: status.since,
    ...(reason !== undefined && { reason }),
    ...(status.routerId !== undefined && { routerId: formatIpv4(status.routerId) }),
    ...(negotiated && {
      negotiated: {
        holdTime: negotiated.holdTime,
        families: negotiated.families,
        fourOctetAs: negotiated.fourOctetAs,
        capabilities: status.capabilities,
      },
    }),
    prefixes,
    ...(guarded.count > 0 && { guarded }),
    messages: { ...status.messages },
    malformed: { ...status.malformed, withdrawn },
    flaps: status.flaps,
    ...(gracefulRestart && { gracefulRestart }),
    ...(config.description !== undefined && { description: config.description }),
  };
}

/** How the listeners know the peer, or the range, when it connects. */
export function admission(config: PeerConfig): Admission {
  const { address, password, ttlSecurity, multihop } = config;
  if (!isRange(config)) parseAddress(address.split('%')[0], 'peer.address');
  return {
    from: isRange(config) ? parsePrefix(address, 'peer.address') : address,
    ...(password !== undefined && { password }),
    ...(ttlSecurity !== undefined && { ttlSecurity }),
    ...(multihop !== undefined && { multihop }),
  };
}
