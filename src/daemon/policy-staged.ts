import { tryParseAddress } from '../base/index.ts';
import type { StagedAnswer, StagedFlow } from '../control/index.ts';
import type { Connection } from '../netlink/index.ts';
import {
  describeReason,
  judge,
  named,
  type Packet,
  protocolHasPorts,
  protocolName,
  type World,
} from '../policy/index.ts';

/** Flows that are told one by one. */
const TOLD = 200;

/** Asks about each connection twice: as policy is, and as it would be if all that is staged were enforced. */
export function stagedChanges(world: World, connections: readonly Connection[]): StagedAnswer {
  const staged = world.withStaged();
  if (staged === undefined) return { isStaged: false, flows: 0, changed: [], more: 0 };
  const changed = connections.flatMap((connection) => {
    const packet = packetOf(connection);
    return packet === undefined ? [] : changeOf(packet, world, staged);
  });
  return {
    isStaged: true,
    flows: connections.length,
    changed: changed.slice(0, TOLD),
    more: Math.max(0, changed.length - TOLD),
  };
}

function changeOf(packet: Packet, world: World, staged: World): StagedFlow[] {
  const [now, then] = [judge(world, packet), judge(staged, packet)];
  if (now.allowed === then.allowed) return [];
  const deciding = (then.allowed ? now : then).egress.allowed ? 'ingress' : 'egress';
  return [
    {
      source: named(packet.source, world),
      destination: named(packet.destination, world),
      protocol: protocolName(packet.protocol),
      ...(protocolHasPorts(packet.protocol) && { destinationPort: packet.destinationPort }),
      now: now.allowed,
      ifStaged: then.allowed,
      by: `${deciding}: ${describeReason(then[deciding].reason)}`,
    },
  ];
}

/** Its first packet as policy saw it: a service's address was replaced by then, its own not yet. */
function packetOf({ protocol, original, reply }: Connection): Packet | undefined {
  const [source, destination] = [tryParseAddress(original.source), tryParseAddress(reply.source)];
  if (source === undefined || destination === undefined) return undefined;
  const { icmp } = original;
  return {
    source,
    destination,
    protocol,
    sourcePort: original.sourcePort ?? 0,
    destinationPort: reply.sourcePort ?? 0,
    icmp: icmp && { type: icmp.type, code: icmp.code },
  };
}
