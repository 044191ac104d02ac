import type { StatusAnswer } from '../control/index.ts';

/**
 * The reason why a cluster is not converged, as a sentence, or undefined: each node that speaks BGP has an established
 * session with every other in each of so many families, and each a route to every block of every other. `routes[i]` is
 * `ip route` of the node of `statuses[i]`.
 */
export function whatIsMissing(
  statuses: readonly StatusAnswer[],
  routes: readonly (readonly string[])[],
  families = 1,
): string | undefined {
  const sessions = (statuses.length - 1) * families;
  for (const [index, { nodename, bgp }] of statuses.entries()) {
    const established = bgp?.peers.filter(({ info }) => info.startsWith('Established')).length ?? 0;
    if (bgp !== undefined && established < sessions) return `${nodename} has ${established} of ${sessions} sessions`;
    const destinations = new Set(routes[index].map((line) => line.split(' ')[0]));
    for (const other of statuses) {
      if (other === statuses[index]) continue;
      const lost = other.blocks.find(({ cidr }) => !destinations.has(cidr));
      if (lost !== undefined) return `${nodename} has no route to ${lost.cidr} of ${other.nodename}`;
    }
  }
  return undefined;
}

/** A sentence that names the node's peers without a session, or without BFD where it is watched. */
export function whoIsDown({ nodename, bgp }: StatusAnswer): string | undefined {
  for (const { address, state, bfd } of bgp?.peers ?? []) {
    if (state !== 'up') return `${nodename} has no session with ${address}`;
    if (bfd !== undefined && bfd.state !== 'Up') return `${nodename} has no BFD with ${address}`;
  }
  return undefined;
}
