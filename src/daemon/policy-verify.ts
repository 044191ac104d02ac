import { formatAddress, systemClock } from '../base/index.ts';
import type { Walk } from '../nftables/index.ts';
import {
  decideFor,
  describeDecision,
  describeHostVerdict,
  type HostPacket,
  type Packet,
  protocolName,
  type World,
} from '../policy/index.ts';
import type { HostView } from './policy-hosts.ts';
import { endOf, type KernelTables } from './policy-kernel.ts';

/** Something that the kernel does otherwise than policy says. */
export interface Disagreement {
  readonly packet: Packet;
  readonly words: string;
}

/** Packets of one comparison at most, and without a pause. */
const [MOST, AT_ONCE] = [2000, 20];

export interface Comparison {
  readonly packets: number;
  readonly disagreements: readonly Disagreement[];
}

/**
 * The verdicts of kernel and policy on one packet; a string in the place of a way says why it could not be worked out.
 */
export interface BothSaid {
  readonly way: Walk | string;
  readonly allowed: boolean;
  readonly said: string;
}

/** Compares what the kernel's tables do with packets with what policy says of them; undefined: nobody can say. */
export async function compare(
  packets: Iterable<Packet>,
  ask: (packet: Packet) => Promise<BothSaid | undefined> | BothSaid | undefined,
): Promise<Comparison> {
  let [looked, compared] = [0, 0];
  const disagreements: Disagreement[] = [];
  for (const packet of packets) {
    if (++looked > MOST) break;
    // Others have their turn in between: a table may be large.
    if (looked % AT_ONCE === 0) await new Promise<void>((resolve) => systemClock.soon(resolve));
    const both = await ask(packet);
    if (both === undefined) continue;
    const { way, allowed, said } = both;
    if (typeof way === 'string') {
      disagreements.push({ packet, words: `${packetText(packet)}: the kernel's table can't be read: ${way}` });
      continue;
    }
    compared++;
    if (allowed === (way.verdict === 'accept')) continue;
    disagreements.push({
      packet,
      words: `${packetText(packet)}: the kernel ${way.verdict}s it in ${endOf(way)}, policy says: ${said}`,
    });
  }
  return { packets: compared, disagreements };
}

/** Of a packet between two pods of this node. */
export function betweenPods(world: World, packet: Packet, tables: KernelTables): BothSaid | undefined {
  const { source, destination } = packet;
  if (formatAddress(source) === formatAddress(destination)) return undefined;
  const halves = [
    decideFor(world, packet, 'egress', world.podAt(source)),
    decideFor(world, packet, 'ingress', world.podAt(destination)),
  ];
  const said = halves.map(describeDecision).join('; ');
  return { way: tables.way(packet), allowed: halves.every((half) => half.allowed), said };
}

/** Of a packet of the node itself, or of one that passes an interface of it. */
export function onHost(hosts: HostView, packet: HostPacket, tables: KernelTables): BothSaid {
  const verdict = hosts.judge(packet);
  const { decision } = verdict;
  const said =
    verdict.hook === 'pod' && decision !== undefined ? describeDecision(decision) : describeHostVerdict(verdict);
  return { way: tables.hostWay(packet), allowed: verdict.allowed, said };
}

export function packetText({ source, destination, protocol, sourcePort, destinationPort, icmp }: Packet): string {
  const port = icmp === undefined ? `${sourcePort} → ${destinationPort}` : `type ${icmp.type} code ${icmp.code}`;
  return `${formatAddress(source)} → ${formatAddress(destination)} ${protocolName(protocol)} ${port}`;
}
