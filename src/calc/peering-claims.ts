import type { DesiredPeer } from './desired/index.ts';
import type { Protection } from './protection.ts';

/** One session that the resources ask for. A refused one does not run, nor does a less trusted one in its place. */
export interface Peering {
  readonly peer: DesiredPeer;
  /** Why it does not run, and the object that asks for it. */
  readonly refused?: string;
  /** The Secret that its password is in. */
  readonly secret?: string;
}

/** A session by its address and port, and who asks for it. */
export interface PeeringClaim {
  readonly key: string;
  readonly by: string;
  readonly peering: Peering;
}

/**
 * Calico's precedence, for each address and port: a global BGPPeer, a node's own, the mirror of another node's; and any of
 * them before the mesh. Of equals the first by the BGPPeer's name, then the node's.
 */
export const RANK = { global: '0', 'node specific': '1', mirror: '2', mesh: '3' } as const;

/** `what`: what there is not where protection is lacking. */
export function peeringClaim(
  by: string,
  peer: DesiredPeer,
  { secret, password, lacking }: Protection,
  what: string,
): PeeringClaim {
  const peering: Peering = {
    peer: password === undefined ? peer : { ...peer, password },
    ...(lacking !== undefined && { refused: `${what}: ${lacking}` }),
    ...(secret !== undefined && { secret }),
  };
  return { key: `${peer.address} ${peer.port}`, by, peering };
}
