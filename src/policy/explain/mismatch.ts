import { type Address, formatAddress, formatPrefix } from '../../base/index.ts';
import { formatSelector } from '../../model/index.ts';
import type { IcmpMatch, Match, Ports, Side } from '../form.ts';
import { matches, type Packet } from '../match.ts';
import { protocolName } from '../protocol.ts';
import type { World } from '../world.ts';

/** One condition of a rule, as a match of its own, and what is said of a packet that does not meet it. */
interface Condition {
  readonly match: Match;
  readonly unmet: string;
}

/**
 * The first condition of a rule that the packet does not meet, in words; undefined when it meets all. Each condition is
 * asked by `matches` itself, so that the words never say something else than the verdict.
 */
export function mismatch(match: Match, packet: Packet, world: World): string | undefined {
  return conditionsOf(match, packet, world).find((condition) => !matches(condition.match, packet, world))?.unmet;
}

function conditionsOf(match: Match, packet: Packet, world: World): readonly Condition[] {
  const { ipVersion, protocol, notProtocol, icmp, notIcmp, source, destination } = match;
  const of = (part: Partial<Match>, unmet: string): Condition => ({
    match: { source: {}, destination: {}, ...part },
    unmet,
  });
  const had = protocolName(packet.protocol);
  return [
    ...(ipVersion === undefined ? [] : [of({ ipVersion }, `it is about IPv${ipVersion}`)]),
    ...(protocol === undefined ? [] : [of({ protocol }, `protocol ${had} is not ${protocolName(protocol)}`)]),
    ...(notProtocol === undefined ? [] : [of({ notProtocol }, `protocol ${had} is left out`)]),
    ...(icmp === undefined ? [] : [of({ icmp }, `it is about ${icmpText(icmp)}`)]),
    ...(notIcmp === undefined ? [] : [of({ notIcmp }, `${icmpText(notIcmp)} is left out`)]),
    ...sideConditions(source, 'source', packet.source, packet.sourcePort, world).map(([side, unmet]) =>
      of({ source: side }, unmet),
    ),
    ...sideConditions(destination, 'destination', packet.destination, packet.destinationPort, world).map(
      ([side, unmet]) => of({ destination: side }, unmet),
    ),
  ];
}

function sideConditions(
  { nets = [], notNets = [], selector, notSelector, nodes, ports, notPorts, service }: Side,
  word: 'source' | 'destination',
  address: Address,
  port: number,
  world: World,
): readonly (readonly [side: Side, unmet: string])[] {
  const who = `${word} ${named(address, world)}`;
  const conditions: (readonly [Side, string])[] = [];
  if (nets.length > 0) conditions.push([{ nets }, `${who} is not in ${nets.map(formatPrefix).join(', ')}`]);
  if (notNets.length > 0) {
    const lacksFamily = notNets.every(({ family }) => family !== address.family);
    const out = lacksFamily
      ? `it is about IPv${notNets[0].family}`
      : `${who} is in ${notNets.map(formatPrefix).join(', ')}`;
    conditions.push([{ notNets }, out]);
  }
  if (nodes !== undefined) conditions.push([{ nodes }, `${who} is no node with ${formatSelector(nodes)}`]);
  if (notSelector !== undefined) conditions.push([{ notSelector }, `${who} matches ${formatSelector(notSelector)}`]);
  if (notPorts !== undefined) conditions.push([{ notPorts }, `${word} port ${port} is left out`]);
  if (service !== undefined) {
    conditions.push([{ service }, `${who} does not serve ${service.namespace}/${service.name}`]);
  }
  if (selector !== undefined) conditions.push([{ selector }, `${who} does not match ${formatSelector(selector)}`]);
  // A port that has a name is that of an endpoint which the selector matches.
  if (ports !== undefined) conditions.push([{ selector, ports }, `${word} port ${port} is not ${portsText(ports)}`]);
  return conditions;
}

/** The address, and whose it is. */
export function named(address: Address, world: World): string {
  const text = formatAddress(address);
  const [endpoint] = world.endpointsAt(address);
  return endpoint === undefined ? text : `${endpoint.name} (${text})`;
}

export function portsText({ ranges, names }: Ports): string {
  return [...ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)), ...names].join(', ');
}

function icmpText({ type, code }: IcmpMatch): string {
  return `ICMP type ${type}${code === undefined ? '' : ` code ${code}`}`;
}
