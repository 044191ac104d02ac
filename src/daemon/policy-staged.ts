import { tryParseAddress } from '../base/index.ts';
import type { ChangedFlow, ChangesAnswer, StagedAnswer, StagedFlow } from '../control/index.ts';
import type { TrackedConnection } from '../netlink/index.ts';
import { named } from '../policy/explain/index.ts';
import {
  describeReason,
  type EndpointDecision,
  judge,
  type Packet,
  policyIdText,
  protocolHasPorts,
  protocolName,
  type World,
} from '../policy/index.ts';

/** Flows that are told one by one. */
const TOLD = 200;

/** Asks about each connection twice: as policy is, and as it would be if all that is staged were enforced. */
export function stagedChanges(world: World, connections: readonly TrackedConnection[]): StagedAnswer {
  const staged = world.withStaged();
  if (staged === undefined) return { isStaged: false, flows: 0, changed: [], more: 0 };
  const { changed, ...counted } = changedFlows(world, staged, connections);
  const flows = changed.map(({ before, after, ...flow }): StagedFlow => {
    const { direction, decidedBy } = after;
    return { ...flow, now: before.allowed, ifStaged: after.allowed, by: `${direction}: ${decidedBy}` };
  });
  return { isStaged: true, ...counted, changed: flows };
}

/** The connections whose verdict is another in the second world, the first of them one by one. */
export function changedFlows(world: World, other: World, connections: readonly TrackedConnection[]): ChangesAnswer {
  const changed = connections.flatMap((connection) => {
    const packet = packetOf(connection);
    return packet === undefined ? [] : changeOf(packet, world, other);
  });
  return {
    flows: connections.length,
    changed: changed.slice(0, TOLD),
    more: Math.max(0, changed.length - TOLD),
  };
}

function changeOf(packet: Packet, world: World, other: World): ChangedFlow[] {
  const [now, then] = [judge(world, packet), judge(other, packet)];
  if (now.allowed === then.allowed) return [];
  const deciding = (then.allowed ? now : then).egress.allowed ? 'ingress' : 'egress';
  return [
    {
      source: named(packet.source, world),
      destination: named(packet.destination, world),
      protocol: protocolName(packet.protocol),
      ...(protocolHasPorts(packet.protocol) && { destinationPort: packet.destinationPort }),
      before: wordOf(now[deciding], now.allowed),
      after: wordOf(then[deciding], then.allowed),
    },
  ];
}

/** The words of the half that makes the difference. */
function wordOf({ direction, reason }: EndpointDecision, allowed: boolean): ChangedFlow['before'] {
  return {
    allowed,
    direction,
    decidedBy: describeReason(reason),
    ...('tier' in reason && { tier: reason.tier }),
    ...('policy' in reason && { policy: policyIdText(reason.policy) }),
    ...('rule' in reason && { rule: reason.rule.name ?? String(reason.rule.index) }),
  };
}

/** Its first packet as policy saw it: a service's address was replaced by then, its own not yet. */
function packetOf({ protocol, original, reply }: TrackedConnection): Packet | undefined {
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
