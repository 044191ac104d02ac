import { few } from '../base/index.ts';
import type { Desired } from '../calc/index.ts';
import type { PeerReport } from '../routing/index.ts';

/**
 * How long after its start a node waits for all of its peers, as Calico's probe does; later one of them will do.
 * Milliseconds.
 */
export const PATIENCE = 30_000;

/** The state of BGP on this node. */
export interface BgpFacts {
  /** Whether the node is to speak BGP at all. */
  readonly wanted: boolean;
  readonly desired: Desired['bgp'];
  readonly peers: readonly PeerReport[];
  /** Where it can't listen, and why. */
  readonly listening: readonly string[];
  /** Whether routes of a former run still wait for the peers' word. */
  readonly restarting: boolean;
  /** Since the start, in milliseconds. */
  readonly age: number;
}

/**
 * Why BGP keeps the node from being ready, as Calico's `-bird-ready` has it: it can't start or listen, none of its
 * peers is up, or in the first half minute not all of them, or not yet with their routes. A node without peers is
 * ready.
 */
export function bgpUnready({ wanted, desired, peers, listening, restarting, age }: BgpFacts): string[] {
  if (!wanted) return [];
  if (desired === undefined) {
    const advice = 'set IP or IP6, or CALICO_NETWORKING_BACKEND=vxlan where VXLAN carries everything';
    return [`BGP can't start: this node's Node has no address; ${advice}`];
  }
  const down = notEstablished(peers);
  const isEnough = age < PATIENCE ? down.length === 0 : down.length < peers.length || peers.length === 0;
  const waits = restarting && age < PATIENCE;
  return [
    ...listening,
    ...(isEnough ? [] : sessionsDown(peers)),
    ...(waits && isEnough ? ['BGP: a graceful restart is under way'] : []),
  ];
}

/** Sessions that are down, in a sentence: what a ready node goes on without is a problem all the same. */
export function sessionsDown(peers: readonly PeerReport[]): string[] {
  const down = notEstablished(peers);
  return down.length === 0
    ? []
    : [`BGP not established with ${few(down)}: see the peers' reasons in \`vrouter status\``];
}

function notEstablished(peers: readonly PeerReport[]): string[] {
  return peers.filter(({ status }) => status.state !== 'Established').map(({ status }) => status.address);
}
