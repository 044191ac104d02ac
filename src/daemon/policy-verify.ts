import { formatAddress, systemClock } from '../base/index.ts';
import { representativesOf } from '../policy/explain/index.ts';
import {
  type Direction,
  decideFor,
  describeDecision,
  type Endpoint,
  type Packet,
  protocolName,
  type World,
} from '../policy/index.ts';
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

/** Compares what the kernel's tables do with packets at the borders of a pod's rules with what policy says of them. */
export async function comparePod(
  world: World,
  endpoint: Endpoint,
  direction: Direction,
  tables: KernelTables,
  areHostsAsked = false,
): Promise<Comparison> {
  let packets = 0;
  const disagreements: Disagreement[] = [];
  let looked = 0;
  for (const packet of representativesOf(world, endpoint, direction)) {
    if (++looked > MOST) break;
    // Others have their turn in between: a table may be large.
    if (looked % AT_ONCE === 0) await new Promise<void>((resolve) => systemClock.soon(resolve));
    const isHere = [tables.isHere(packet.source), tables.isHere(packet.destination)];
    // What passes an interface of the host has that one's policy to pass too.
    if (areHostsAsked && isHere.includes(false)) continue;
    const way = tables.way(packet);
    if (typeof way === 'string') {
      if (!isHere.includes(true)) continue;
      if (way.startsWith('a pod that speaks')) continue;
      disagreements.push({ packet, words: `${packetText(packet)}: the kernel's table can't be read: ${way}` });
      continue;
    }
    packets++;
    const halves = [
      ...(isHere[0] ? [decideFor(world, packet, 'egress', world.podAt(packet.source))] : []),
      ...(isHere[1] ? [decideFor(world, packet, 'ingress', world.podAt(packet.destination))] : []),
    ];
    const allowed = halves.every((half) => half.allowed);
    if (allowed === (way.verdict === 'accept')) continue;
    const said = halves.map(describeDecision).join('; ');
    disagreements.push({
      packet,
      words: `${packetText(packet)}: the kernel ${way.verdict}s it in ${endOf(way)}, policy says: ${said}`,
    });
  }
  return { packets, disagreements };
}

export function packetText({ source, destination, protocol, sourcePort, destinationPort, icmp }: Packet): string {
  const port = icmp === undefined ? `${sourcePort} → ${destinationPort}` : `type ${icmp.type} code ${icmp.code}`;
  return `${formatAddress(source)} → ${formatAddress(destination)} ${protocolName(protocol)} ${port}`;
}
