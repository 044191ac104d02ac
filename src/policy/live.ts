import type { Direction, Endpoint } from './form.ts';
import type { Packet } from './match.ts';
import { decideFor } from './verdict.ts';
import type { World } from './world.ts';

/** Connections that were let through once, judged again. */

/** Whether a policy that revokes is about the endpoint, in one direction or any. */
export function revokesConnectionsOf(world: World, endpoint: Endpoint, direction?: Direction): boolean {
  const directions = direction === undefined ? (['ingress', 'egress'] as const) : [direction];
  return world
    .tiersOf(endpoint)
    .some(({ policies }) =>
      policies.some(({ revokes, rules }) => revokes && directions.some((one) => rules[one] !== undefined)),
    );
}

/**
 * Whether a connection that began with this packet must end: an end of it is held by a policy that revokes, and would not
 * be let through there today.
 */
export function isRevoked(world: World, packet: Packet): boolean {
  const ends = [
    ['egress', world.podAt(packet.source)],
    ['ingress', world.podAt(packet.destination)],
  ] as const;
  return ends.some(
    ([direction, pod]) =>
      pod !== undefined &&
      revokesConnectionsOf(world, pod, direction) &&
      !decideFor(world, packet, direction, pod).allowed,
  );
}
